"""Say first what a comparison of models means: which is best, or that none of them beats something simpler."""

from collections.abc import Mapping, Sequence
from typing import Any

from lesions.evaluation.comparison import Comparison, compare_models
from lesions.evaluation.interval import Difference
from lesions.evaluation.references import build_best_constant, spell_model
from lesions.evaluation.verdict import METRIC_WORDS, describe_lead, spell_interval, spell_number
from lesions.tables.predictions import Predictions

ONE_DIAGNOSIS = "one diagnosis"
"""In place of a model's name, which has no blank."""

MAX_NAMED = 3
"""Models whose scores are in the headline, the best first."""


def list_verdicts(
    comparison: Comparison, models: Sequence[str], *, baseline: str, metric: str, unbeaten_constant: float | None
) -> list[str]:
    """Describe the best model's lead over the next best model and over the best baseline.

    Parameters
    ----------
    models
        The trained models; all others in the comparison are baselines and probes.
    baseline
        The best baseline.
    unbeaten_constant
        The highest score that one diagnosis for every image can reach, if no model is significantly better.

    Returns
    -------
    list of str
        Sentences, the most important first. If no model is significantly better than one of the baselines or probes,
        or than one diagnosis for every image, that comes first.
    """
    best, *others = comparison.rank(list(models), metric)
    sentences = [
        describe_lead(best, rival, comparison.subtract(best, rival, metric), metric=metric) for rival in others[:1]
    ]
    unbeaten = list_unbeaten(comparison, models, metric)
    if unbeaten_constant is None and baseline not in unbeaten:
        sentences.append(describe_lead(best, baseline, comparison.subtract(best, baseline, metric), metric=metric))
    if unbeaten:
        return [describe_defeat(comparison, models, unbeaten[0], metric=metric), *sentences]
    if unbeaten_constant is not None:
        headline = (
            f"No model beats predicting one diagnosis for every image ({METRIC_WORDS[metric]}: one diagnosis "
            f"{unbeaten_constant:.3f}, {_list_best(comparison, models, metric)})."
        )
        return [headline, *sentences]
    return sentences


def compare_with_constant(models: Mapping[str, Predictions], metric: str) -> dict[str, Any]:
    """Score one diagnosis for every image at its best, and say whether a model is significantly better.

    Returns
    -------
    constant_score : float
    constant_is_beaten : bool
    """
    constant = build_best_constant(next(iter(models.values())), metric)
    comparison = compare_models({**models, ONE_DIAGNOSIS: constant}, rivals=list(models))
    return {
        "constant_score": comparison.scores[ONE_DIAGNOSIS, metric].value,
        "constant_is_beaten": not list_unbeaten(comparison, list(models), metric),
    }


def list_unbeaten(comparison: Comparison, models: Sequence[str], metric: str) -> list[str]:
    """Return the baselines and probes that no model is significantly better than, the best of them first."""

    def is_beaten(lead: Difference) -> bool:
        return lead.value > 0 and lead.is_beyond_noise

    references = [name for name in comparison.rank(comparison.models, metric) if name not in models]
    return [
        reference
        for reference in references
        if not any(is_beaten(comparison.subtract(model, reference, metric)) for model in models)
    ]


def describe_defeat(comparison: Comparison, models: Sequence[str], reference: str, *, metric: str) -> str:
    """Say that no model beats a baseline or a probe, and whether it is even better than the best of them."""
    best = comparison.rank(list(models), metric)[0]
    lead = comparison.subtract(best, reference, metric)
    sentence = (
        f"No model beats {spell_model(reference)} ({METRIC_WORDS[metric]}: {reference} "
        f"{comparison.scores[reference, metric].value:.3f}, {_list_best(comparison, models, metric)})"
    )
    if lead.value < 0 and lead.is_beyond_noise:
        return (
            f"{sentence}: it is better than {best} by {spell_number(-lead.value)} ({spell_interval(lead.turned())})."
        )
    if lead.value == 0:
        return f"{sentence}: {best} has the same ({spell_interval(lead)} of the difference)."
    return (
        f"{sentence}: the difference of {spell_number(lead.value, signed=True)} between {best} and it is not "
        f"significant ({spell_interval(lead)})."
    )


def _list_best(comparison: Comparison, models: Sequence[str], metric: str) -> str:
    """Return the scores of the best models: `resnet18 0.812, custom_cnn 0.792`."""
    best = comparison.rank(list(models), metric)[:MAX_NAMED]
    return ", ".join(f"{model} {comparison.scores[model, metric].value:.3f}" for model in best)
