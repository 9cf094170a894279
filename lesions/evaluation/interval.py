"""95 % intervals and p-values from resamples of groups, and from what the groups say beyond the resamples.

Every score has the interval of a proportion (`lesions.evaluation.binomial`). The effective number of independent
images comes from the groups themselves for accuracy and balanced accuracy, and from the resamples for the other
metrics. For these, the groups of each diagnosis limit how narrow an interval can be (`lesions.evaluation.evidence`).
docs/evaluation.md reports how often the intervals contain the truth, compared with the percentile interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from lesions.evaluation.binomial import LEVEL, TAIL, bound_by_trials
from lesions.evaluation.measurement import Measurement, Variances, combine_degrees_of_freedom

NORMAL_DF = 1e9
"""Degrees of freedom with which Student's distribution is the normal one."""

BIAS_FACTOR = 2
"""How many times the bias of the resamples an interval is extended against it; chosen by simulation."""

ROUNDING_ERROR = 1e-12

LEAST_REACH = 1e-9
"""Groups from which an interval would reach less far do not differ: how much others would, they do not show."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval over groups; bounds that are not known are NaN, and null in files."""

    value: float
    low: float
    high: float

    @property
    def bounds(self) -> dict[str, float | None]:
        """The bounds as in files, under the names `low` and `high`."""
        return {name: None if isnan(bound) else bound for name, bound in (("low", self.low), ("high", self.high))}


def leave_unbounded(value: float) -> Estimate:
    """Return a figure whose interval is not known."""
    return Estimate(value, nan, nan)


def list_bounds(estimates: Mapping[str, Estimate]) -> dict[str, float | None]:
    """Return the bounds of estimates under flat names, as in the metrics files."""
    return {f"{name}_{end}": bound for name, estimate in estimates.items() for end, bound in estimate.bounds.items()}


def list_estimates(estimates: Mapping[str, Estimate]) -> dict[str, float | None]:
    """Return the values and the bounds of estimates under flat names."""
    return {name: estimate.value for name, estimate in estimates.items()} | list_bounds(estimates)


@dataclass(frozen=True)
class Difference(Estimate):
    """A paired difference of a metric, the first model's minus the second's.

    Attributes
    ----------
    p_value
        Two-sided p-value of the hypothesis that the true difference is zero.
    p_holm
        The same p-value, corrected after Holm for all pairs that were tested together.
    """

    p_value: float
    p_holm: float

    @property
    def is_beyond_noise(self) -> bool:
        """Whether the difference is significant on the test images."""
        return self.p_holm < 1 - LEVEL

    @property
    def is_better(self) -> bool:
        """Whether the first model is significantly better than the second."""
        return self.value > 0 and self.is_beyond_noise

    def turned(self) -> "Difference":
        """Return the difference with its sign reversed."""
        return Difference(-self.value, -self.high, -self.low, self.p_value, self.p_holm)


def estimate_score(measured: Measurement) -> Estimate:
    """Put an interval around a score between 0 and 1."""
    value, evidence = measured.value, measured.evidence
    if evidence and evidence.is_exact:
        below, above = (_add_seeds(side, measured.from_seeds) for side in (evidence.below, evidence.above))
        return _bound(value, value - below, value + above)
    unseen = evidence.unseen if evidence else 1 - TAIL ** (1 / len(measured.influences))
    if not 0 < value < 1:
        # Nothing shows how little of the score depends on one group.
        return _bound(value, value - unseen, value + unseen)
    low, high = value - unseen, value + unseen
    if measured.reach >= LEAST_REACH:
        low, high = bound_varied(value, measured.reach)
    if evidence:
        low, high = min(low, value - evidence.below), max(high, value + evidence.above)
    # Precision is too high with few groups, and F1 too low. Resamples show how much, but only a part of it.
    bias = BIAS_FACTOR * (float(np.nanmean(measured.resamples)) - value)
    return _bound(value, low - max(bias, 0), high - min(bias, 0))


def _bound(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, max(0.0, low), min(1.0, high))


def bound_varied(value: float, reach: float) -> tuple[float, float]:
    """Return the bounds of a proportion of which a normal distribution would have this reach."""
    trials = value * (1 - value) * (ndtri(1 - TAIL) / reach) ** 2
    low, high = bound_by_trials(np.array([value]), np.array([trials]))
    return float(low[0]), float(high[0])


def _add_seeds(reach: float, from_seeds: Variances) -> float:
    """Return the reach of an interval to one side with the variances that the training seeds add."""
    if not from_seeds:
        return reach
    variances = ((float(reach / ndtri(1 - TAIL)) ** 2, NORMAL_DF), *from_seeds)
    error = np.sqrt(sum(variance for variance, _ in variances))
    return float(stdtrit(combine_degrees_of_freedom(variances), 1 - TAIL) * error)


def estimate_difference(measured: Measurement) -> Difference:
    """Put an interval around a difference of two scores of the same groups, and test it."""
    value, error, reach = measured.value, measured.standard_error, measured.reach
    df, evidence = measured.degrees_of_freedom, measured.evidence
    p_value = 2 * float(stdtr(df, -abs(value) / error)) if error else float(value == 0)
    if evidence and p_value < evidence.smallest_p_value:
        p_value = evidence.smallest_p_value
        # The interval contains zero if the p-value is above 0.05; a p-value near 1 would give it no bound.
        needed = abs(value) * float(stdtrit(df, 1 - TAIL) / stdtrit(df, 1 - min(p_value, 0.5) / 2))
        reach = max(reach, needed)
    if evidence and error < ROUNDING_ERROR:
        reach = max(reach, evidence.unseen)
    return Difference(value, max(-1.0, value - reach), min(1.0, value + reach), p_value, p_holm=p_value)


def subtract_independent(first: Estimate, second: Estimate) -> Estimate:
    """Put an interval around the difference of two scores of images that share no group.

    Each bound is as far from the difference as those of the two scores are from them, combined as the root of the sum
    of squares (MOVER, Zou and Donner 2008, doi 10.1002/sim.3095).
    """
    value = first.value - second.value
    below = float(np.hypot(first.value - first.low, second.high - second.value))
    above = float(np.hypot(first.high - first.value, second.value - second.low))
    return Estimate(value, max(-1.0, value - below), min(1.0, value + above))
