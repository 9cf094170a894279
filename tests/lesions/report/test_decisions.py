"""The tables of decisions count, and say what was left out."""

from typing import Any

import pytest

from lesions.evaluation.interval import Estimate
from lesions.report.decision_inputs import DecisionRow
from lesions.report.decisions import describe_decision, describe_left_out

ROW: dict[str, Any] = {
    "called": "malignant",
    "rule": "threshold",
    "unit": "lesion",
    "num_conflicting": 0,
    "num_images_without": 0,
    "num_true_positive": 1200,
    "num_false_negative": 34,
    "num_false_positive": 5,
    "num_true_negative": 60,
    "sensitivity": Estimate(0.972, 0.96, 0.98),
}


def read(**changes: Any) -> DecisionRow:
    return DecisionRow(**ROW | changes)


def test_counts_and_intervals_are_spelled() -> None:
    row = describe_decision(read(), "ResNet-18")
    assert (row["per"], row["found"], row["false alarms"]) == ("lesions", "1,200 of 1,234", "5 of 65")
    assert row["sensitivity"] == ("0.972", "0.960 to 0.980")
    assert row["PPV"] == ("–", "")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"num_conflicting": 3}, ["Left out are 3 lesions with images of both kinds."]),
        ({"num_conflicting": 3, "rule": "class"}, ["Left out are 3 lesions with images of several classes."]),
        (
            {"num_conflicting": 2, "unit": "patient"},
            ["2 patients have lesions of both kinds, and count as malignant."],
        ),
        ({"num_images_without": 7}, ["Left out are 7 images whose lesion is not known."]),
        ({"num_images_without": 7, "unit": "confirmed image"}, []),
    ],
)
def test_what_was_left_out_is_said_once(changes: dict[str, Any], expected: list[str]) -> None:
    assert describe_left_out([read(**changes), read(**changes)]) == expected
