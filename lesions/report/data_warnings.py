"""List what makes the data, and therefore the scores of a run, doubtful."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from lesions.drawing.style import spell
from lesions.formats.json_file import PlotRows
from lesions.report.inputs import CopyCounts, RunCounts, SplitSummary
from lesions.splitting.conflicts import list_conflicting_diagnoses, list_conflicting_pairs
from lesions.tables.groups import list_identifiers, spell_units
from lesions.tables.predictions import Predictions

MANY_COPIES = 20
"""Larger sets of copies than this are more likely to be false matches."""

ANOTHER_MIX = 0.05
"""If the shares of the diagnoses differ by more than this in total between validation and a listed test set, it is
said."""

FEW_GROUPS = 10
"""With fewer test groups than this, the scores of a diagnosis depend on chance."""


def doubt_the_diagnoses(split: SplitSummary) -> Iterator[str]:
    """Name the diagnoses of copies that contradict each other."""
    if split.num_conflicting_images:
        total = (
            sum(split.num_images.values())
            + split.num_conflicting_images_dropped
            + split.num_siblings_of_listed_dropped
        )
        pairs = spell("; ".join(list_conflicting_pairs(split.conflicting_pairs)))
        diagnoses = spell(", ".join(list_conflicting_diagnoses(split.conflicting_images)))
        yield (
            f"{split.num_conflicting_images:,} of {total:,} images have a copy with another diagnosis, so that one "
            f"of the two diagnoses is wrong; {split.num_conflicting_images_dropped:,} of them were left out. Pairs: "
            f"{pairs}. Images: {diagnoses}."
        )


def doubt_the_test_images(predictions: Predictions, split: SplitSummary) -> Iterator[str]:
    """Name diagnoses with few or no test images."""
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
            f"In the test images, fewer than {FEW_GROUPS} independent {spell_units(split.grouped_by)} have the "
            f"diagnosis {', '.join(few)}: scores of these diagnoses, and means over all diagnoses, depend strongly "
            "on chance."
        )


def doubt_the_identifiers(split: SplitSummary) -> Iterator[str]:
    """Say how many test images have a sibling or a copy in training, and what the identifiers leave open."""
    if split.leaked_test_share:
        yield (
            f"{split.leaked_test_share:.1%} of the test images have a sibling in training, an image of the same "
            f"{' or '.join(list_identifiers(split.grouped_by))}: every score on this page is too high."
        )
    elif split.copied_test_share:
        yield (
            f"{split.copied_test_share:.1%} of the test images have a copy in training: every score on this page is "
            "too high."
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


def doubt_the_mix(shares: PlotRows, split: SplitSummary) -> Iterator[str]:
    """Say that a listed test set has other shares of the diagnoses than validation.

    Parameters
    ----------
    shares
        The rows of the plot `split/shares`: the number of images by diagnosis and split.
    """
    if split.tested_by != "list":
        return
    counts: dict[str, Counter[str]] = {"val": Counter(), "test": Counter()}
    for row in shares:
        if row["split"] in counts:
            counts[row["split"]][row["diagnosis"]] += row["num_images"]
    val, test = ({name: n / each.total() for name, n in each.items()} for each in counts.values())
    moved = sum(max(0.0, test.get(name, 0.0) - val.get(name, 0.0)) for name in {*val, *test})
    if moved > ANOTHER_MIX:
        yield (
            "The listed test images have another mix of diagnoses than validation: "
            f"{moved:.1%} of them would have to be of another diagnosis. Accuracy, F1, average precision, PPV, NPV "
            "and calibration depend on the mix; only balanced accuracy, ROC AUC, sensitivity and specificity can be "
            "compared between validation and test."
        )


def doubt_the_table(counts: RunCounts) -> Iterator[str]:
    """Say what is odd about the rows of the tables."""
    if counts.num_rejected:
        yield (
            f"{counts.num_rejected:,} of {counts.num_rows:,} rows of the tables were refused; data/rejected.csv says "
            "why. If all rows of a diagnosis were refused, no model knows it."
        )
    if counts.num_lesions_of_several_patients:
        yield (
            f"{counts.num_lesions_of_several_patients:,} lesions belong to several patients, who were therefore "
            "kept together: does the numbering of lesions restart for each patient?"
        )
    for field, found in counts.identifiers.items():
        if number := found["num_in_two_datasets"]:
            things = f"{field.removesuffix('_id')}s"
            yield (
                f"{number:,} {things} have identifiers that are in two datasets, and count as different {things}: if "
                "they are the same, they may be on two sides of the split (same_patients_as in dataset.sources)."
            )


def doubt_the_copies(copies: CopyCounts, split: SplitSummary) -> Iterator[str]:
    """Say what is odd about the copies."""
    if copies.num_pairs_without_shared_identifier and split.grouped_by:
        yield (
            f"{copies.num_pairs_without_shared_identifier:,} pairs of images are copies although they share no "
            f"{' or '.join(list_identifiers(split.grouped_by))} in the data: the identifiers are incomplete. Look at "
            "the pictures below."
        )
    if copies.largest_number_of_copies > MANY_COPIES:
        yield (
            f"{copies.largest_number_of_copies:,} images count as copies of one image: if the pictures below do "
            "not confirm that, raise near_duplicates.min_correlation."
        )
