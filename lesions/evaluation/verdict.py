"""Describe the result of a comparison in words."""

from collections.abc import Sequence
from math import isnan

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.interval import Difference, Estimate
from lesions.evaluation.references import begin_with, spell_model

METRIC_WORDS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "macro_roc_auc": "macro ROC AUC",
    "mean_average_precision": "mean average precision",
}


def list_leads(comparison: Comparison, models: Sequence[str], metric: str, *, num_seeds: int = 1) -> list[str]:
    """Name the best of some models on validation, and describe its lead on test over all others."""
    best = comparison.choose(models, metric)[0]
    others = [model for model in comparison.rank(comparison.models, metric) if model != best]
    return [
        describe_choice(comparison, models, metric=metric, num_seeds=num_seeds),
        *(
            describe_lead(best, other, comparison.subtract(best, other, metric), metric=metric, num_seeds=num_seeds)
            for other in others
        ),
    ]


def describe_choice(comparison: Comparison, models: Sequence[str], *, metric: str, num_seeds: int = 1) -> str:
    """Name the best of some models on validation, and say what it scores on test."""
    best = comparison.choose(models, metric)[0]
    estimate, val = comparison.scores[best, metric], spell_number(comparison.on_validation[best, metric])
    test, words = spell_number(estimate.value), METRIC_WORDS[metric]
    seeds = "" if num_seeds == 1 else f", means of {num_seeds} seeds"
    if len(models) == 1:
        return f"{best} has a {words} of {test} on test ({spell_interval(estimate)}) and {val} on validation{seeds}."
    return (
        f"{best} is the best of {len(models)} models on validation ({words} {val}), and has {test} on test "
        f"({spell_interval(estimate)}){seeds}."
    )


def describe_choice_on_validation(comparison: Comparison, models: Sequence[str], *, metric: str) -> str:
    """Name the best of some models on validation, whose score on test is sealed."""
    best = comparison.choose(models, metric)[0]
    val, words = spell_number(comparison.on_validation[best, metric]), METRIC_WORDS[metric]
    if len(models) == 1:
        return f"{best} has a {words} of {val} on validation; what it has on test is sealed."
    return f"{best} is the best of {len(models)} models on validation ({words} {val}); what it has on test is sealed."


def describe_lead(first: str, second: str, lead: Difference, *, metric: str, num_seeds: int = 1) -> str:
    """Say whether one model is significantly better than another.

    Parameters
    ----------
    lead
        The metric of `first` minus that of `second`.
    num_seeds
        Number of seeds from which each model was trained; with one seed the interval does not cover other seeds.
    """
    if lead.value < 0:
        return describe_lead(second, first, lead.turned(), metric=metric, num_seeds=num_seeds)
    words, start, other = METRIC_WORDS[metric], begin_with(first), spell_model(second)
    if lead.value == lead.low == lead.high == 0:
        return f"{start} and {other} have the same {words} in every resample of the test images."
    if lead.value == 0:
        return f"{start} and {other} have the same {words} on the test images; {spell_interval(lead)}."
    if lead.is_beyond_noise:
        seeds = "one seed" if num_seeds == 1 else f"{num_seeds} seeds"
        return f"{start} is better than {other} by {lead.value:.3f} {words} ({spell_interval(lead)}; {seeds})."
    sentence = (
        f"The test images cannot tell {spell_model(first)} from {other}: {spell_model(first)} is ahead by "
        f"{lead.value:.3f} {words}, {spell_interval(lead)}"
    )
    if lead.low > 0:
        sentence += f", but that is not significant for the number of pairs compared ({spell_corrected_p(lead)})"
    return f"{sentence}."


def spell_p(p_value: float) -> str:
    """Return a p-value with three decimals, or "< 0.001"."""
    return f"{p_value:.3f}" if p_value >= 0.001 else "< 0.001"


def spell_corrected_p(lead: Difference, correction: str = "Holm") -> str:
    """Return the words for the p-value of a difference, and after whom it was corrected for all that were made."""
    return f"p {'' if lead.p_holm < 0.001 else '= '}{spell_p(lead.p_holm)} after {correction}"


def spell_interval(estimate: Estimate) -> str:
    """Return the words for a 95 % interval, whose bounds may be negative."""
    return f"95 % interval {spell_bounds(estimate)}"


def spell_estimate(estimate: Estimate, *, signed: bool = False) -> str:
    """Return the words for an estimate with its bounds in brackets."""
    words = spell_interval(estimate) if isnan(estimate.low) else spell_bounds(estimate)
    return f"{spell_number(estimate.value, signed=signed)} ({words})"


def spell_bounds(estimate: Estimate) -> str:
    """Return the words for the two bounds of an interval, or that they are not known."""
    return "not known" if isnan(estimate.low) else f"{spell_number(estimate.low)} to {spell_number(estimate.high)}"


def spell_threshold(value: float) -> str:
    """Return a threshold with three significant digits: that of a sure network may be far below 0.001."""
    return f"{value:.3g}"


def spell_number(value: float, *, signed: bool = False) -> str:
    """Return a number with three decimals; `signed` adds a plus sign to positive ones."""
    # Adding 0 turns a negative zero into a positive one.
    return f"{round(value, 3) + 0:{'+' if signed else ''}.3f}".replace("-", "−")
