"""95 % intervals and p-values from resamples of groups.

The standard error is the bootstrap's. How far it can be trusted depends on how many groups contribute to the score:
to a mean over diagnoses, mainly the groups of the rarest. Their effective number n is estimated from the variance of
the groups' squared influences (after Satterthwaite 1946). The quantile is Student's with n - 1 degrees of freedom.
The bootstrap's variance is too small with few groups and is corrected (Hesterberg 2015, doi
10.1080/00031305.2015.1089789). A score lies between 0 and 1, and its interval is computed on the logit scale, which
keeps it there. docs/evaluation.md reports how often these intervals contain the truth, compared with the plain
percentile interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtr, stdtrit

Floats = NDArray[np.float64]

LEVEL = 0.95


@dataclass(frozen=True)
class Measurement:
    """A metric of the test images, or a difference of two, with its resamples and influences.

    Attributes
    ----------
    value
        The metric on the test images.
    resamples : (R,) float
        The metric on each resample of groups; NaN where it is undefined.
    influences : (G,) float
        The influence of each group on the value.
    from_seeds
        Variances that the training seeds add, each with its degrees of freedom; empty with one seed.
    """

    value: float
    resamples: Floats
    influences: Floats
    from_seeds: tuple[tuple[float, int], ...] = ()

    def __sub__(self, other: "Measurement") -> "Measurement":
        """Return the difference from a measurement on the same groups and resamples."""
        return Measurement(
            self.value - other.value,
            self.resamples - other.resamples,
            self.influences - other.influences,
            self.from_seeds + other.from_seeds,
        )

    @property
    def variances(self) -> tuple[tuple[float, float], ...]:
        """The components of the value's variance, each with its degrees of freedom.

        Resamples of n groups have (n - 1) / n of the variance, as each is centred on the groups' own mean.
        """
        n = max(2.0, count_groups_that_matter(self.influences))
        return (float(np.nanvar(self.resamples)) * n / (n - 1), n - 1), *self.from_seeds

    @property
    def standard_error(self) -> float:
        """The standard error over test images, and over seeds if there are several."""
        return float(np.sqrt(sum(variance for variance, _ in self.variances)))

    @property
    def degrees_of_freedom(self) -> float:
        """The degrees of freedom of the squared standard error, after Satterthwaite and Welch."""
        total = sum(variance for variance, _ in self.variances)
        _, of_sampling = self.variances[0]
        return total**2 / sum(variance**2 / df for variance, df in self.variances) if total else of_sampling

    @property
    def reach(self) -> float:
        """The half-width of a 95 % interval."""
        return float(stdtrit(self.degrees_of_freedom, (1 + LEVEL) / 2)) * self.standard_error


@dataclass(frozen=True)
class Estimate:
    """A metric with its 95 % interval over resamples of groups."""

    value: float
    low: float
    high: float


def list_bounds(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    """Return the bounds of estimates under flat names, as in the metrics files."""
    bounds: dict[str, float] = {}
    for name, estimate in estimates.items():
        bounds |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return bounds


def list_estimates(estimates: Mapping[str, Estimate]) -> dict[str, float]:
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

    def turned(self) -> "Difference":
        """Return the difference with its sign reversed."""
        return Difference(-self.value, -self.high, -self.low, self.p_value, self.p_holm)


def count_groups_that_matter(influences: Floats) -> float:
    """Return the effective number of groups that contribute to a metric, from their influences (G,) on it.

    A sum of squares with mean m and variance v is like a chi-square with 2 m² / v degrees of freedom: about G where
    all groups contribute equally, and few where few groups make up the sum.
    """
    squares = influences**2
    variance = float((squares**2).sum() - squares.sum() ** 2 / len(squares))
    return min(len(squares), 2 * float(squares.sum()) ** 2 / variance) if variance > 0 else len(squares)


def average_seeds(repeats: Sequence[Measurement]) -> Measurement:
    """Return the mean of measurements on the same test images from several training seeds."""
    num_seeds = len(repeats)
    values = np.array([repeat.value for repeat in repeats])
    return Measurement(
        float(values.mean()),
        np.mean([repeat.resamples for repeat in repeats], axis=0),
        np.mean([repeat.influences for repeat in repeats], axis=0),
        ((float(values.var(ddof=1)) / num_seeds, num_seeds - 1),) if num_seeds > 1 else (),
    )


def subtract_independent(first: Measurement, second: Measurement) -> Measurement:
    """Return the difference of a metric on two sets of images that share no group."""
    return Measurement(
        first.value - second.value,
        first.resamples - second.resamples,
        np.concatenate([first.influences, -second.influences]),
    )


def estimate_score(measured: Measurement) -> Estimate:
    """Put an interval around a score between 0 and 1."""
    value = measured.value
    if not 0 < value < 1:
        return estimate_all_or_none(value, len(measured.influences))
    # The logit's slope is 1 / (value (1 - value)).
    reach = measured.reach / (value * (1 - value))
    return Estimate(value, float(expit(logit(value) - reach)), float(expit(logit(value) + reach)))


def estimate_all_or_none(value: float, num_groups: int) -> Estimate:
    """Put an interval around a proportion of 0 or 1, which has the same value in every resample.

    The bound is that of Clopper and Pearson (1934), with the groups as the trials.
    """
    bound = ((1 - LEVEL) / 2) ** (1 / num_groups)
    return Estimate(1, bound, 1) if value == 1 else Estimate(0, 0, 1 - bound)


def estimate_difference(measured: Measurement) -> Difference:
    """Put an interval around a difference of two scores, and test it."""
    value, error, reach = measured.value, measured.standard_error, measured.reach
    p_value = 2 * float(stdtr(measured.degrees_of_freedom, -abs(value) / error)) if error else float(value == 0)
    return Difference(value, value - reach, value + reach, p_value, p_holm=p_value)
