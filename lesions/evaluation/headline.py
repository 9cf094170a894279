"""Say first what a comparison of models means: which is best, or that none of them beats something simpler."""

from collections.abc import Iterator, Sequence

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.references import ONE_DIAGNOSIS, spell_model
from lesions.evaluation.verdict import (
    METRIC_WORDS,
    describe_choice,
    describe_lead,
    spell_corrected_p,
    spell_interval,
    spell_number,
)

MAX_NAMED = 3
"""Models whose scores are in the headline, the best on validation first."""


def list_verdicts(comparison: Comparison, models: Sequence[str], *, baseline: str, metric: str) -> list[str]:
    """Name the best model on validation, and describe its lead on test.

    Parameters
    ----------
    models
        The trained models; all others in the comparison are references: baselines, probes, and one diagnosis for
        every image.
    baseline
        The best baseline on validation.

    Returns
    -------
    list of str
        Sentences, the most important first. If no model is significantly better than one of the references, that
        comes first.
    """
    best = comparison.choose(models, metric)[0]
    sentences = [
        describe_choice(comparison, models, metric=metric),
        *(
            describe_lead(best, rival, comparison.subtract(best, rival, metric), metric=metric)
            for rival in dict.fromkeys(_list_rivals(comparison, models, baseline=baseline, metric=metric))
        ),
    ]
    unbeaten = list_unbeaten(comparison, models, metric)
    if unbeaten:
        return [describe_defeat(comparison, models, unbeaten[0], metric=metric), *sentences]
    return sentences


def _list_rivals(comparison: Comparison, models: Sequence[str], *, baseline: str, metric: str) -> Iterator[str]:
    """Yield what the best model on validation has to be compared with in words."""
    best, *others = comparison.choose(models, metric)
    yield from others[:1]
    highest = comparison.rank(models, metric)[0]
    if comparison.scores[highest, metric].value > comparison.scores[best, metric].value:
        yield highest
    unbeaten = list_unbeaten(comparison, models, metric)
    # What only another model beats would be in no other sentence.
    yield from (name for name in list_unbeaten(comparison, models, metric, by=[best]) if name not in unbeaten)
    if not {baseline, ONE_DIAGNOSIS} & set(unbeaten):
        yield baseline


def list_unbeaten(
    comparison: Comparison, models: Sequence[str], metric: str, *, by: Sequence[str] | None = None
) -> list[str]:
    """Return the references that no model is significantly better than, the highest on test first.

    Parameters
    ----------
    models
        The trained models; all others are references.
    by
        The models that could be better; by default all of them.
    """
    references = [name for name in comparison.rank(comparison.models, metric) if name not in models]
    return [
        name
        for name in references
        if not any(comparison.subtract(model, name, metric).is_better for model in by or models)
    ]


def describe_defeat(comparison: Comparison, models: Sequence[str], reference: str, *, metric: str) -> str:
    """Say that no model beats a reference, and how the best model on validation compares with it."""
    best = comparison.choose(models, metric)[0]
    lead = comparison.subtract(best, reference, metric)
    sentence = (
        f"No model beats {spell_model(reference)} ({METRIC_WORDS[metric]} "
        f"{comparison.scores[reference, metric].value:.3f}; {_list_best(comparison, models, metric)})"
    )
    if lead.value < 0 and lead.is_beyond_noise:
        return (
            f"{sentence}: it is better than {best} by {spell_number(-lead.value)} ({spell_interval(lead.turned())})."
        )
    if lead.value == 0:
        return f"{sentence}: {best} has the same ({spell_interval(lead)} of the difference)."
    return (
        f"{sentence}: the difference of {spell_number(lead.value, signed=True)} between {best} and it is not "
        f"significant ({spell_interval(lead)}, {spell_corrected_p(lead)})."
    )


def _list_best(comparison: Comparison, models: Sequence[str], metric: str) -> str:
    """Return the scores of the best models: `resnet18 0.812, custom_cnn 0.792`."""
    best = comparison.choose(models, metric)[:MAX_NAMED]
    return ", ".join(f"{model} {comparison.scores[model, metric].value:.3f}" for model in best)
