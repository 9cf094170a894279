"""Which gains and drops are beyond noise, after Holm's correction for all that are tested together."""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite

from lesions.evaluation.interval import Difference, estimate_difference
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.significance import correct_after_holm
from lesions.gate.rules import Rule

Key = tuple[str, str]
"""A model and a metric."""

UNCHANGED = Difference(0.0, 0.0, 0.0, p_value=1.0, p_holm=1.0)


def estimate_gains(gains: Mapping[Key, Measurement | None]) -> dict[Key, Difference]:
    """Put an interval around each gain and test it against 0, corrected for all gains together.

    What has not changed is not counted in the correction: it can be called neither better nor worse by chance. A gain
    without a p-value, which hardly any resample defines, is left out.

    Parameters
    ----------
    gains
        How much better each metric is; None where the predictions have not changed.
    """
    estimates = {key: estimate_difference(gain) for key, gain in gains.items() if gain}
    tested = {key: estimate for key, estimate in estimates.items() if isfinite(estimate.p_value)}
    corrected = correct_after_holm([estimate.p_value for estimate in tested.values()])
    return {key: UNCHANGED for key, gain in gains.items() if gain is None} | {
        key: replace(estimate, p_holm=p_holm)
        for (key, estimate), p_holm in zip(tested.items(), corrected, strict=True)
    }


def find_excessive_drops(gains: Mapping[Key, Measurement | None], rules: Mapping[str, Rule]) -> set[Key]:
    """Return the gains that are significantly below −`largest_drop`, where the rule of the metric asks for that.

    The correction is for all of them together: if no true drop is larger than its limit, any is returned in about one
    case of 40 at most.
    """
    beside_limits: dict[Key, Measurement | None] = {
        (model, metric): replace(gain, value=gain.value + limit, resamples=gain.resamples + limit)
        for (model, metric), gain in gains.items()
        if gain and rules[metric].beyond_noise and (limit := rules[metric].largest_drop) is not None
    }
    return {
        key for key, margin in estimate_gains(beside_limits).items() if margin.value < 0 and margin.is_beyond_noise
    }
