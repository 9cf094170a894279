"""Copies that contradict each other are the first doubt, and no doubt speaks of identifiers that are not there."""

from typing import Any

import numpy as np
import pytest

from lesions.report.data_warnings import (
    doubt_the_copies,
    doubt_the_diagnoses,
    doubt_the_mix,
    doubt_the_test_images,
)
from lesions.report.inputs import CopyCounts, SplitSummary
from tests.lesions.report.test_warnings import good, warnings_of
from tests.runs import COPIES, SPLIT, build_predictions, guess, true_classes

CONFLICTS: dict[str, Any] = {
    "num_images": {"train": 1433, "val": 308, "test": 304},
    "num_conflicting_images": 314,
    "num_conflicting_images_dropped": 314,
    "conflicting_images": {
        "actinic_keratosis": {"num_conflicting": 80, "num_images": 130},
        "melanoma": {"num_conflicting": 79, "num_images": 454},
        "nevus": {"num_conflicting": 77, "num_images": 373},
        "seborrheic_keratosis": {"num_conflicting": 78, "num_images": 80},
    },
    "conflicting_pairs": {"actinic_keratosis": {"nevus": 77}, "melanoma": {"seborrheic_keratosis": 78}},
}
WORDS = (
    "Pairs: melanoma ↔ seborrheic keratosis: 78 pairs; actinic keratosis ↔ nevus: 77 pairs. Images: 78 of 80 "
    "seborrheic keratosis, 80 of 130 actinic keratosis, 77 of 373 nevus, 79 of 454 melanoma."
)


def summary(**changes: Any) -> SplitSummary:
    return SplitSummary(**SPLIT | changes)


def test_copies_that_contradict_each_other_are_told_by_diagnosis() -> None:
    (warning,) = doubt_the_diagnoses(summary(**CONFLICTS))
    assert warning == (
        "314 of 2,359 images have a copy with another diagnosis, so that one of the two diagnoses is wrong; 314 of "
        f"them were left out. {WORDS}"
    )
    (kept,) = doubt_the_diagnoses(
        summary(**CONFLICTS | {"num_conflicting_images_dropped": 0, "num_images": {"train": 2000, "test": 359}})
    )
    assert kept.startswith("314 of 2,359 images have a copy with another diagnosis, so that one")
    assert "; 0 of them were left out. Pairs: " in kept
    assert list(doubt_the_diagnoses(summary())) == []


def test_they_are_the_first_thing_to_doubt() -> None:
    constant = build_predictions(true_classes(), np.tile([0.0, 3.0, 0.0], (90, 1)))
    warnings = warnings_of({**CONFLICTS, "num_images_without_identifier": 5}, constant=constant, a=good(), b=good(1))
    assert len(warnings) > 3
    assert warnings[0].startswith("314 of 2,359 images have a copy with another diagnosis")


def test_copies_without_a_shared_identifier_are_told_only_where_there_are_identifiers() -> None:
    copies = CopyCounts(**COPIES | {"num_pairs_without_shared_identifier": 5})
    (warning,) = doubt_the_copies(copies, summary(grouped_by="lesion_id"))
    assert warning.startswith("5 pairs of images are copies although they share no lesion in the data: the")
    assert list(doubt_the_copies(copies, summary(grouped_by=""))) == []


@pytest.mark.parametrize(
    ("grouped_by", "units"),
    [("patient_id and lesion_id", "patients or lesions"), ("patient_id", "patients"), ("", "images")],
)
def test_few_independent_images_are_told_in_the_units_of_the_data(grouped_by: str, units: str) -> None:
    y_true = np.where(np.arange(90) < 6, 2, true_classes(90) % 2)
    (warning,) = doubt_the_test_images(build_predictions(y_true, guess(y_true, 3)), summary(grouped_by=grouped_by))
    assert warning.startswith(f"In the test images, fewer than 10 independent {units} have the diagnosis vascular ")


@pytest.mark.parametrize(
    ("melanoma", "tested_by", "is_said"), [(10, "list", False), (20, "list", True), (20, "shares", False)]
)
def test_a_listed_test_set_with_another_mix_of_diagnoses_is_said(
    melanoma: int, tested_by: str, is_said: bool
) -> None:
    """Validation has a tenth of melanomas; where the test list has a fifth, a tenth of it would have to change."""
    sizes = {"val": (30, 270), "test": (melanoma, 100 - melanoma), "train": (1, 1)}
    shares = [
        {"diagnosis": name, "split": split, "num_images": number}
        for split, numbers in sizes.items()
        for name, number in zip(("melanoma", "nevus"), numbers, strict=True)
    ]
    warnings = list(doubt_the_mix(shares, summary(tested_by=tested_by)))
    assert ["10.0% of them would have to be of another diagnosis" in text for text in warnings] == [True] * is_said
