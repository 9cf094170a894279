"""List what makes the scores of a run doubtful."""

from collections.abc import Iterator, Mapping, Sequence

from lesions.baselines.probes import PROBES
from lesions.drawing.style import spell
from lesions.evaluation.comparison import Comparison
from lesions.evaluation.evidence import FEW_GROUPS_FOR_PRECISION, list_overrated_classes
from lesions.evaluation.references import begin_with, spell_model
from lesions.evaluation.verdict import METRIC_WORDS, spell_corrected_p, spell_interval, spell_number
from lesions.report.data_warnings import (
    doubt_the_copies,
    doubt_the_diagnoses,
    doubt_the_identifiers,
    doubt_the_table,
    doubt_the_test_images,
)
from lesions.report.inputs import CopyCounts, RunCounts, SplitSummary
from lesions.tables.predictions import Predictions

MUCH_OF_THE_GAIN = 1 / 3
"""A probe with at least this share of the best model's gain causes a warning; rims and ages always tell a little."""


def list_warnings(
    models: Mapping[str, Predictions],
    comparison: Comparison,
    *,
    baselines: Sequence[str],
    metric: str,
    counts: RunCounts,
    split: SplitSummary,
    copies: CopyCounts,
) -> list[str]:
    """Return a sentence for each reason to doubt the scores of this run.

    Parameters
    ----------
    models
        Predictions of the test images.
    metric
        The metric that compares models with baselines.
    """
    return [
        *doubt_the_diagnoses(split),
        *_doubt_the_models(models),
        *_doubt_what_was_learnt(list(models), comparison, baselines=baselines, metric=metric),
        *_doubt_the_data(list(models), comparison),
        *_doubt_the_precision(models, comparison),
        *doubt_the_test_images(next(iter(models.values())), split),
        *doubt_the_identifiers(split),
        *doubt_the_table(counts),
        *doubt_the_copies(copies, split),
    ]


def _doubt_the_models(models: Mapping[str, Predictions]) -> Iterator[str]:
    seen: dict[bytes, str] = {}
    for model, predictions in models.items():
        predicted, present = set(predictions.y_pred.tolist()), set(predictions.y_true.tolist())
        if len(present) > 1 and (predictions.y_pred == predictions.y_true).all():
            yield (
                f"{model} classifies every test image correctly. That is rarely true: look for copies of test images "
                "in the training data, or for a mark in the images that gives the answer away."
            )
        if len(predicted) == 1 and len(present) > 1:
            only = spell(predictions.classes[predicted.pop()])
            yield f"{model} predicts {only} for every test image: it has learnt nothing useful."
        elif present - predicted:
            missed = ", ".join(spell(predictions.classes[code]) for code in sorted(present - predicted))
            yield f"The test images include {missed}, which {model} never predicts."
        twin = seen.setdefault(predictions.logits.tobytes(), model)
        if twin != model:
            yield f"{model} and {twin} have the same predictions: they may be one model under two names."


def _doubt_what_was_learnt(
    models: Sequence[str], comparison: Comparison, *, baselines: Sequence[str], metric: str
) -> Iterator[str]:
    for model in models:
        for baseline in baselines:
            lead = comparison.subtract(model, baseline, metric)
            if not lead.is_better:
                verdict = "significantly worse" if lead.is_beyond_noise else "not significantly better"
                yield (
                    f"{model} is {verdict} than {spell_model(baseline)} "
                    f"({spell_number(lead.value, signed=True)} {METRIC_WORDS[metric]}, {spell_interval(lead)}, "
                    f"{spell_corrected_p(lead)})."
                )


def _doubt_the_data(models: Sequence[str], comparison: Comparison) -> Iterator[str]:
    # Independent of compare.metric, because accuracy would hide a probe that knows the rare diagnoses.
    metric = "balanced_accuracy"
    best = comparison.choose(models, metric)[0]
    reached = comparison.subtract(best, "class_prior", metric).value
    for probe in [name for name in comparison.models if name in PROBES]:
        gain = comparison.subtract(probe, "class_prior", metric)
        if gain.low > 0 and gain.value >= MUCH_OF_THE_GAIN * reached:
            lead = comparison.subtract(probe, best, metric)
            far = f"scores as high as {best}"
            if lead.value > 0 and lead.is_beyond_noise:
                far = f"scores significantly higher than {best}"
            elif lead.value < 0:
                far = f"has {gain.value / reached:.0%} of the gain of {best} over {spell_model('class_prior')}"
            probed, scored = (spell_number(comparison.scores[name, metric].value) for name in (probe, best))
            yield (
                f"{begin_with(probe)} ({probe}) {far} ({METRIC_WORDS[metric]} {probed}, {best} {scored}): the data "
                "may give the answer away."
            )


def _doubt_the_precision(models: Mapping[str, Predictions], comparison: Comparison) -> Iterator[str]:
    metric = "mean_average_precision"
    for model, predictions in models.items():
        score = comparison.scores.get((model, metric))
        rare = list_overrated_classes(score.value, predictions.y_true, predictions.images.group_id) if score else []
        if score and rare:
            names = ", ".join(spell(predictions.classes[code]) for code in rare)
            yield (
                f"Do not trust the interval of the {METRIC_WORDS[metric]} of {model} ({spell_number(score.value)}, "
                f"{spell_interval(score)}): fewer than {FEW_GROUPS_FOR_PRECISION} groups of test images have the "
                f"diagnosis {names}, and the precision of so few is too high on average."
            )
