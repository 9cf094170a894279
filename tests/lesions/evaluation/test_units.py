"""One decision per lesion and per patient, worked by hand."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from lesions.evaluation.decisions import call_at
from lesions.evaluation.units import average_units, list_units
from lesions.tables.predictions import Predictions

Row = tuple[str | None, str | None, int, float]


def build(rows: Sequence[Row], called: list[int] | None = None) -> Predictions:
    """Return predictions of images, each with its lesion, patient, malignancy and probability of malignancy."""
    lesions, patients, truth, probability = zip(*rows, strict=True)
    images = pd.DataFrame(
        {
            "image_id": [f"i{n}" for n in range(len(rows))],
            "group_id": [patient or f"alone {n}" for n, patient in enumerate(patients)],
            "split": "test",
            "lesion_id": lesions,
            "patient_id": patients,
            "diagnosis_confirmation": ["histopathology" if one else "consensus" for one in truth],
        }
    )
    logits = np.log(np.stack([1 - np.array(probability), np.array(probability)], axis=1))
    given = None if called is None else np.array(called)
    return Predictions(images, ("benign", "malignant"), np.array(truth), logits, given)


ROWS: list[Row] = [
    ("a", "p", 1, 0.9),
    ("a", "p", 1, 0.2),  # mean 0.55: called at 0.5, though one image is not
    ("b", "p", 0, 0.1),
    ("c", "q", 1, 0.4),
    ("d", "q", 0, 0.3),
    ("e", "r", 0, 0.8),
    ("e", "r", 1, 0.8),  # the lesion is both
    (None, "s", 0, 0.7),
    ("f", None, 0, 0.1),
]


def count(unit: str) -> tuple[int, ...]:
    """Return found, missed, false alarms and cleared ones, conflicting units, and images left out."""
    predictions = call_at(build(ROWS), 0.5)
    units = list_units(predictions, lambda lesions: call_at(lesions, 0.5))[unit]
    truth, called = units.is_true[:, 1], units.is_called[:, 1]
    counts = [int((truth == a)[called == b].sum()) for a, b in ((1, 1), (1, 0), (0, 1), (0, 0))]
    return (*counts, units.num_conflicting, units.num_images_without)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("image", (2, 2, 2, 3, 0, 0)),
        ("confirmed image", (2, 2, 0, 0, 0, 5)),
        ("lesion", (1, 1, 0, 3, 1, 1)),  # a found, c missed; b, d and f cleared; e is left out
        ("patient", (2, 1, 1, 0, 3, 1)),  # p and r found, q missed, s a false alarm; p, q and r have both kinds
    ],
)
def test_units_are_counted_by_hand(unit: str, expected: tuple[int, ...]) -> None:
    assert count(unit) == expected


def test_without_lesions_and_patients_there_are_images_alone() -> None:
    rows = [(None, None, truth, 0.5) for truth in (0, 1)]
    assert set(list_units(build(rows), lambda lesions: lesions)) == {"image", "confirmed image"}


def test_two_patients_with_lesions_of_the_same_number_stay_apart() -> None:
    units = list_units(build([("1", "p", 1, 0.9), ("1", "q", 0, 0.2)]), lambda lesions: lesions)["patient"]
    assert units.is_called[:, 1].tolist() == [True, False]


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        (None, 1),  # by the mean probability, 0.55
        ([0, 0, 1, 0], 1),  # each image is called its most probable class
        ([0, 0, 1, 1], 0),  # the last one is not: the images are called by another rule, and the lesion what most are
        ([1, 0, 1, 0], 1),
    ],
)
def test_a_unit_is_called_by_the_rule_of_its_images(called: list[int] | None, expected: int) -> None:
    rows: list[Row] = [
        ("a", None, 1, 0.4),
        ("a", None, 1, 0.3),
        ("a", None, 1, 0.95),
        ("b", None, 0, 0.1),
    ]
    predictions = build(rows, called)
    unit, differs = average_units(predictions, predictions.images.lesion_id)
    assert unit.y_prob[0, 1] == pytest.approx(0.55)
    assert (unit.y_pred[0], differs.tolist()) == (expected, [False, False])


def test_a_tied_vote_goes_to_the_more_probable_class() -> None:
    predictions = build([("a", None, 1, 0.6), ("a", None, 1, 0.55)], called=[0, 1])
    unit, _ = average_units(predictions, predictions.images.lesion_id)
    assert unit.y_pred.tolist() == [1]
