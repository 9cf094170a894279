"""List what makes the scores of a run doubtful."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lesions.baselines.probes import PROBES
from lesions.drawing.style import spell
from lesions.evaluation.comparison import Comparison
from lesions.evaluation.verdict import METRIC_WORDS, spell_interval, spell_number
from lesions.report.inputs import CopyCounts, RunCounts, SplitSummary
from lesions.tables.predictions import Predictions

MUCH_OF_THE_GAIN = 1 / 3
"""A probe with at least this share of the best model's gain causes a warning; rims and ages always tell a little."""

MANY_COPIES = 20
"""Larger sets of copies than this are more likely to be false matches."""

FEW_GROUPS = 10
"""With fewer test groups than this, the scores of a diagnosis depend on chance."""


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
        *_doubt_the_models(models),
        *_doubt_what_was_learnt(list(models), comparison, baselines=baselines, metric=metric),
        *_doubt_the_data(list(models), comparison),
        *_doubt_the_choice(len(models)),
        *_doubt_the_test_images(next(iter(models.values())), split),
        *_doubt_the_table(counts),
        *_doubt_the_copies(copies, split),
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
        if len(predicted) == 1:
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
            if lead.low <= 0:
                yield (
                    f"{model} is not significantly better than the baseline {baseline} "
                    f"({spell_number(lead.value, signed=True)} {METRIC_WORDS[metric]}, {spell_interval(lead)})."
                )


def _doubt_the_data(models: Sequence[str], comparison: Comparison) -> Iterator[str]:
    # Independent of compare.metric, because accuracy would hide a probe that knows the rare diagnoses.
    metric = "balanced_accuracy"
    best, *_ = comparison.rank(list(models), metric)
    reached = comparison.subtract(best, "class_prior", metric).value
    for probe, sees in PROBES.items():
        gain = comparison.subtract(probe, "class_prior", metric)
        if gain.low > 0 and gain.value >= MUCH_OF_THE_GAIN * reached:
            far = f"scores as high as {best}"
            if gain.value < reached:
                far = f"has {gain.value / reached:.0%} of the gain of {best} over class_prior"
            score = spell_number(comparison.scores[probe, metric].value)
            yield (
                f"{probe}, which sees {sees} but no lesion, {far} "
                f"({score} {METRIC_WORDS[metric]}): the data may give the answer away."
            )


def _doubt_the_table(counts: RunCounts) -> Iterator[str]:
    if counts.num_rejected:
        yield (
            f"{counts.num_rejected:,} rows of the table were refused, {counts.num_images:,} images are left; "
            "data/rejected.csv says why. If all rows of a diagnosis were refused, no model knows it."
        )
    if counts.num_lesions_of_several_patients:
        yield (
            f"{counts.num_lesions_of_several_patients:,} lesions belong to several patients, who were therefore "
            "kept together: does the numbering of lesions restart for each patient?"
        )


def _doubt_the_copies(copies: CopyCounts, split: SplitSummary) -> Iterator[str]:
    if copies.num_pairs_without_shared_identifier:
        yield (
            f"{copies.num_pairs_without_shared_identifier:,} pairs of images are copies although they share no "
            "patient or lesion in the data: the identifiers are incomplete. Look at the pictures below."
        )
    if copies.largest_number_of_copies > MANY_COPIES:
        yield (
            f"{copies.largest_number_of_copies:,} images count as copies of one image: if the pictures below do "
            "not confirm that, raise near_duplicates.min_correlation."
        )
    if split.num_conflicting_images:
        yield (
            f"{split.num_conflicting_images:,} images have copies with another diagnosis; "
            f"{split.num_conflicting_images_dropped:,} of them were left out."
        )


def _doubt_the_choice(num_models: int) -> Iterator[str]:
    if num_models > 2:
        yield (
            f"The best of {num_models} models was chosen on these test images, which makes its lead look larger; no "
            "interval is corrected for the number of models."
        )


def _doubt_the_test_images(predictions: Predictions, split: SplitSummary) -> Iterator[str]:
    groups = predictions.images.group_id.to_numpy()
    sizes = {
        spell(name): len(np.unique(groups[predictions.y_true == code]))
        for code, name in enumerate(predictions.classes)
    }
    absent = [name for name, number in sizes.items() if number == 0]
    if absent:
        yield f"No test image has the diagnosis {', '.join(absent)}: no score on this page covers it."
    few = [f"{name} ({number})" for name, number in sizes.items() if 0 < number < FEW_GROUPS]
    if few:
        yield (
            f"Fewer than {FEW_GROUPS} independent patients or lesions in the test images have the diagnosis "
            f"{', '.join(few)}: scores of these diagnoses, and means over all diagnoses, depend strongly on chance."
        )
    if split.leaked_test_share:
        yield (
            f"{split.leaked_test_share:.1%} of the test images have a sibling in training, an image of the same "
            "patient or lesion: every score on this page is too high."
        )
    unnamed = split.num_images_without_identifier
    if unnamed:
        yield (
            f"The data name neither the patient nor the lesion of {unnamed:,} images: two photographs of one lesion "
            "may be in different splits, and scores too high."
        )
    elif split.num_images_without_patient:
        yield (
            f"The data name no patient for {split.num_images_without_patient:,} images: two lesions of one "
            "patient may be in different splits."
        )
