"""Which gains and drops are beyond noise, after Holm's correction for all that are tested together."""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite

from lesions.evaluation.interval import Difference, Measurement, estimate_difference
from lesions.evaluation.significance import correct_after_holm
from lesions.gate.rules import Rule

Key = tuple[str, str]
"""A model and a metric."""


def estimate_gains(gains: Mapping[Key, Measurement]) -> dict[Key, Difference]:
    """Put an interval around each gain and test it against 0, corrected for all gains together.

    What has not changed at all is not counted in the correction: it can be called neither better nor worse. A gain
    without a p-value, which hardly any resample defines, is left out.
    """
    estimates = {key: estimate_difference(gain) for key, gain in gains.items()}
    estimates = {key: estimate for key, estimate in estimates.items() if isfinite(estimate.p_value)}
    tested = [key for key in estimates if has_changed(gains[key])]
    for key, p_holm in zip(tested, correct_after_holm([estimates[key].p_value for key in tested]), strict=True):
        estimates[key] = replace(estimates[key], p_holm=p_holm)
    return estimates


def find_excessive_drops(gains: Mapping[Key, Measurement], rules: Mapping[str, Rule]) -> set[Key]:
    """Return the gains that are significantly below −`largest_drop`, where the rule of the metric asks for that.

    The correction is for all of them together: if no true drop is larger than its limit, any is returned in about one
    case of 40 at most.
    """
    beside_limits = {
        (model, metric): replace(gain, value=gain.value + limit, resamples=gain.resamples + limit)
        for (model, metric), gain in gains.items()
        if rules[metric].beyond_noise and (limit := rules[metric].largest_drop) is not None and has_changed(gain)
    }
    return {
        key for key, margin in estimate_gains(beside_limits).items() if margin.value < 0 and margin.is_beyond_noise
    }


def has_changed(gain: Measurement) -> bool:
    """Return whether any group contributes differently to a metric than before."""
    return gain.value != 0 or bool(gain.influences.any())
