"""The table of diagnoses begins with melanoma, and has every score with its interval."""

from typing import Any

import pytest

from lesions.report.decision_inputs import DecisionRow, PredictiveRow
from lesions.report.diagnoses import ClassRow, describe_operating_point, list_diagnoses, list_predictive_values
from tests.lesions.report.test_decisions import ROW
from tests.lesions.report.test_malignancy import build_scores


def decision(called: str, **changes: Any) -> DecisionRow:
    return DecisionRow(**ROW | {"called": called, "rule": "class", "unit": "image"} | changes)


def test_melanoma_is_first_and_other_malignant_diagnoses_before_benign_ones() -> None:
    names = ("actinic_keratosis", "basal_cell_carcinoma", "melanoma", "nevus")
    decisions = [decision(name) for name in names] + [
        decision("nevus", unit="lesion"),
        decision("x", rule="threshold"),
    ]
    area = ClassRow(diagnosis="nevus", score="roc_auc", value=0.9, low=0.8, high=0.95, num_groups=1200)
    rows = list_diagnoses([area], decisions, {"basal_cell_carcinoma", "melanoma"})
    assert [row["diagnosis"] for row in rows] == ["melanoma", "basal cell carcinoma", "actinic keratosis", "nevus"]
    assert rows[-1] == {
        "diagnosis": "nevus",
        "images": "1,234",
        "groups": "1,200",
        "sensitivity": ("0.972", "0.960 to 0.980"),
        "specificity": ("–", ""),
        "PPV": ("–", ""),
        "ROC AUC": ("0.900", "0.800 to 0.950"),
    }
    assert rows[0]["ROC AUC"] == ("–", "")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        (
            {"threshold": 0.000214},
            "An image is called malignant if its probability is at least 0.000214. Validation chose this "
            "threshold, for an expected sensitivity of 95.5% on new images.",
        ),
        (
            {"threshold": 0.0, "threshold_calls_all": True},
            "Every image is called malignant: validation has too few malignant images for a threshold.",
        ),
    ],
)
def test_the_rule_says_the_threshold_or_that_all_are_called(changes: dict[str, Any], rule: str) -> None:
    of_images = [decision("malignant", rule="threshold")]
    assert describe_operating_point(build_scores(**changes), of_images, [])["rule"] == rule


def test_the_prevalence_of_test_is_marked() -> None:
    values = {"value": 0.5, "low": 0.4, "high": 0.6}
    rows = [
        PredictiveRow(score=score, prevalence=share, of_test=of_test, **values)
        for share, of_test in ((0.1947, True), (0.02, False))
        for score in ("ppv", "npv")
    ]
    listed = list_predictive_values(rows[:3])
    assert [row["share of malignant images"] for row in listed] == ["19.5%, as in these test images", "2.0%"]
    assert [row["NPV"] for row in listed] == [("0.500", "0.400 to 0.600"), ("–", "")]
