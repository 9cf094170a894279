"""What a reader must know before believing the figures."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lesions.baselines.probes import PROBES
from lesions.drawing.style import spell
from lesions.evaluation.comparison import Comparison
from lesions.evaluation.verdict import METRIC_WORDS, spell_interval, spell_number
from lesions.report.inputs import CopyCounts, RunCounts, SplitSummary
from lesions.tables.predictions import Predictions

MUCH_OF_THE_GAIN = 1 / 3
"""A probe that gets so far on the way to the best model is worth a warning; a little, every rim and age tells."""

MANY_COPIES = 20
"""More images than this that hang together as copies are more likely to be mistaken for copies."""

FEW_GROUPS = 10
"""Fewer test groups than this leave a diagnosis's figures to chance."""


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
    """Return what makes the figures of this run doubtful, in sentences.

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
    for model, found in models.items():
        predicted, there = set(found.y_pred.tolist()), set(found.y_true.tolist())
        if len(there) > 1 and (found.y_pred == found.y_true).all():
            yield (
                f"{model} is right on every test image. That is rarely true: look for copies of test images in the "
                "training data, or for a sign in the images that gives the answer away."
            )
        if len(predicted) == 1:
            only = spell(found.classes[predicted.pop()])
            yield f"{model} calls every test image {only}: it has learnt nothing that could be used."
        elif there - predicted:
            missed = ", ".join(spell(found.classes[code]) for code in sorted(there - predicted))
            yield f"{model} never predicts {missed}, which the test images have."
        twin = seen.setdefault(found.logits.tobytes(), model)
        if twin != model:
            yield f"{model} and {twin} predict the same for every test image: they may be one model under two names."


def _doubt_what_was_learnt(
    models: Sequence[str], comparison: Comparison, *, baselines: Sequence[str], metric: str
) -> Iterator[str]:
    for model in models:
        for baseline in baselines:
            lead = comparison.subtract(model, baseline, metric)
            if lead.low <= 0:
                yield (
                    f"{model} is not beyond noise better than the baseline {baseline} "
                    f"({spell_number(lead.value, signed=True)} {METRIC_WORDS[metric]}, {spell_interval(lead)})."
                )


def _doubt_the_data(models: Sequence[str], comparison: Comparison) -> Iterator[str]:
    # Whatever metric compares the models: accuracy would hide a probe that knows the rare diagnoses.
    metric = "balanced_accuracy"
    best, *_ = comparison.rank(list(models), metric)
    reached = comparison.subtract(best, "class_prior", metric).value
    for probe, sees in PROBES.items():
        gain = comparison.subtract(probe, "class_prior", metric)
        if gain.low > 0 and gain.value >= MUCH_OF_THE_GAIN * reached:
            far = f"does as well as {best}"
            if gain.value < reached:
                far = f"goes {gain.value / reached:.0%} of the way from class_prior to {best}"
            score = spell_number(comparison.scores[probe, metric].value)
            yield (
                f"{probe}, which sees {sees} and no lesion, {far} "
                f"({score} {METRIC_WORDS[metric]}): the data may give the answer away."
            )


def _doubt_the_table(counts: RunCounts) -> Iterator[str]:
    if counts.num_rejected:
        yield (
            f"Of the table {counts.num_rejected:,} rows were refused, {counts.num_images:,} images are left; "
            "data/rejected.csv says why. A diagnosis that is among them altogether is one that no model knows."
        )
    if counts.num_lesions_of_several_patients:
        yield (
            f"{counts.num_lesions_of_several_patients:,} lesions are of several patients, who were kept together "
            "for it: are lesions numbered anew for each patient?"
        )


def _doubt_the_copies(copies: CopyCounts, split: SplitSummary) -> Iterator[str]:
    if copies.num_pairs_without_shared_identifier:
        yield (
            f"{copies.num_pairs_without_shared_identifier:,} pairs of images are copies although the data name no "
            "common patient or lesion: the identifiers are not complete. Look at the pictures below."
        )
    if copies.largest_number_of_copies > MANY_COPIES:
        yield (
            f"{copies.largest_number_of_copies:,} images count as copies of one picture: when the pictures below "
            "do not bear that out, raise near_duplicates.min_correlation."
        )
    if split.num_conflicting_images:
        yield (
            f"{split.num_conflicting_images:,} images have copies with another diagnosis; "
            f"{split.num_conflicting_images_dropped:,} of them were left out."
        )


def _doubt_the_choice(num_models: int) -> Iterator[str]:
    if num_models > 2:
        yield (
            f"The best of {num_models} models was picked on these test images, which flatters its lead; no interval "
            "is adjusted for how many were looked at."
        )


def _doubt_the_test_images(predictions: Predictions, split: SplitSummary) -> Iterator[str]:
    groups = predictions.images.group_id.to_numpy()
    sizes = {
        spell(name): len(np.unique(groups[predictions.y_true == code]))
        for code, name in enumerate(predictions.classes)
    }
    absent = [name for name, number in sizes.items() if number == 0]
    if absent:
        yield f"No test image has the diagnosis {', '.join(absent)}: no figure here speaks of it."
    few = [f"{name} ({number})" for name, number in sizes.items() if 0 < number < FEW_GROUPS]
    if few:
        yield (
            f"Fewer than {FEW_GROUPS} independent patients or lesions in the test images have the diagnosis "
            f"{', '.join(few)}: figures of these diagnoses, and means over all, hold much luck."
        )
    if split.leaked_test_share:
        yield (
            f"{split.leaked_test_share:.1%} of the test images have a sibling in training, an image of the same "
            "patient or lesion: every figure here is too good."
        )
    unnamed = split.num_images_without_identifier
    if unnamed:
        yield (
            f"The data name neither patient nor lesion of {unnamed:,} images: two photographs of one lesion may be "
            "on both sides of the split, and figures too good."
        )
    elif split.num_images_without_patient:
        yield (
            f"The data name no patient of {split.num_images_without_patient:,} images: two lesions of one patient "
            "may be on both sides of the split."
        )
