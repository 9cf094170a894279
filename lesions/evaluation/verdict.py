"""What a comparison says, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.interval import Difference, Estimate

METRIC_WORDS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "macro_roc_auc": "macro ROC AUC",
    "mean_average_precision": "mean average precision",
}


def list_verdicts(comparison: Comparison, summary: Mapping[str, Any]) -> list[str]:
    """Say how the best model stands beside the next one and beside the best baseline.

    Parameters
    ----------
    summary
        What `metrics/comparison.json` says.

    Returns
    -------
    list of text
        What matters most first: that the best is no better than the baseline, where that is so.
    """
    best, metric = summary["best"], summary["metric"]
    leads = {
        summary[role]: comparison.subtract(best, summary[role], metric)
        for role in ("runner_up", "baseline")
        if role in summary
    }
    sentences = [describe_lead(best, rival, metric, lead) for rival, lead in leads.items()]
    return sentences if leads[summary["baseline"]].low > 0 else sentences[::-1]


def list_leads(comparison: Comparison, models: Sequence[str], metric: str, *, num_seeds: int = 1) -> list[str]:
    """Say how the best of some models stands beside everything else that was compared."""
    best = comparison.rank(list(models), metric)[0]
    others = [model for model in comparison.rank(comparison.models, metric) if model != best]
    return [
        describe_lead(best, other, metric, comparison.subtract(best, other, metric), num_seeds=num_seeds)
        for other in others
    ]


def describe_lead(first: str, second: str, metric: str, lead: Difference, *, num_seeds: int = 1) -> str:
    """Say whether one model is better than another, or that the test images cannot tell.

    Parameters
    ----------
    lead
        The metric of `first` minus that of `second`.
    num_seeds
        From how many seeds each was trained; what other seeds would have given is not in the interval of one.
    """
    if lead.value < 0:
        return describe_lead(second, first, metric, lead.turned(), num_seeds=num_seeds)
    words = METRIC_WORDS[metric]
    if lead.value == lead.low == lead.high == 0:
        return f"{first} and {second} have the same {words}, in every resample of the test images."
    if lead.value == 0:
        return f"{first} and {second} have the same {words} on the test images; {spell_interval(lead)}."
    if lead.is_beyond_noise:
        seeds = "one seed" if num_seeds == 1 else f"{num_seeds} seeds"
        return f"{first} is better than {second} by {lead.value:.3f} {words} ({spell_interval(lead)}; {seeds})."
    sentence = (
        f"The test images cannot tell {first} from {second}: {first} is ahead by {lead.value:.3f} {words}, "
        f"{spell_interval(lead)}"
    )
    if lead.low > 0:
        sentence += f", but with so many models compared that happens by chance (p = {lead.p_holm:.2f} after Holm)"
    return f"{sentence}."


def spell_interval(estimate: Estimate) -> str:
    """Return the words for an interval that may reach below zero."""
    return f"95 % interval {spell_bounds(estimate)}"


def spell_bounds(estimate: Estimate) -> str:
    """Return the two bounds of an interval."""
    return f"{spell_number(estimate.low)} to {spell_number(estimate.high)}"


def spell_number(value: float, *, signed: bool = False) -> str:
    """Return a score, or with its sign a difference, with three decimals."""
    # Adding 0 turns a negative zero into a positive one.
    return f"{round(value, 3) + 0:{'+' if signed else ''}.3f}".replace("-", "−")
