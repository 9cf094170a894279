"""The sentences about malignancy say the threshold, how sure it is, and which images do not count."""

from dataclasses import replace
from typing import Any

import pytest

from lesions.evaluation.interval import Estimate
from lesions.report.decision_inputs import MalignancyScores
from lesions.report.malignancy import describe_malignancy, describe_malignant_probabilities

HALF = Estimate(0.5, 0.4, 0.6)


def build_scores(**changes: Any) -> MalignancyScores:
    scores: dict[str, Any] = {
        "threshold": 0.25,
        "threshold_calls_all": False,
        "expected_sensitivity": 0.955,
        "val_sensitivity": 0.976,
        "num_val_malignant": 43,
        "num_malignant": 20,
        "num_benign": 80,
        "num_neither": 0,
        "sensitivity": HALF,
        "sensitivity_with_luck": replace(HALF, low=0.3),
        "specificity": HALF,
        "ppv": HALF,
    }
    return MalignancyScores(**scores | changes)


def describe(**changes: Any) -> str:
    return describe_malignancy("custom_cnn", build_scores(**changes))


def test_what_is_expected_stands_beside_what_chose_the_threshold() -> None:
    text = describe()
    assert text.startswith("custom_cnn calls an image malignant if its probability is at least 0.25.")
    assert "this finds 97.6% of 43 malignant images; 95.5% are to be expected of new ones" in text
    assert "It finds 0.500 (0.400 to 0.600) of the malignant test images; that interval is of this threshold" in text
    assert "Thresholds found in the same way on other validation images reach 0.300 to 0.600" in text
    assert "of which 20.0% are malignant, the PPV is 0.500" in text
    assert "lesion" not in text


def test_a_threshold_far_below_a_thousandth_is_no_zero() -> None:
    assert "if its probability is at least 0.000214. On" in describe(threshold=0.000214)


def test_a_threshold_that_calls_all_is_said() -> None:
    text = describe(threshold=0.0, threshold_calls_all=True, num_val_malignant=1234)
    assert text.startswith("custom_cnn calls every image malignant: 1,234 malignant validation images are too few")
    assert "asked for. So it finds all malignant test images, and its specificity is 0. Among test images" in text
    assert "in the same way" not in text


@pytest.mark.parametrize(("number", "is_said"), [(1234, True), (0, False)])
def test_images_that_are_neither_malignant_nor_benign_are_said_if_there_are_any(number: int, is_said: bool) -> None:
    text = describe(num_neither=number)
    assert ("Left out are 1,234 test images that are neither malignant nor benign." in text) == is_said


def test_the_area_above_a_sensitivity_of_80_percent_is_said() -> None:
    text = describe(partial_roc_auc=Estimate(0.15, 0.12, 0.17))
    assert "above a sensitivity of 0.8 is 0.150 (0.120 to 0.170); 0.2 is perfect, 0.02 chance." in text
    assert "0.02 chance" not in describe()


def test_calibration_says_what_is_defined() -> None:
    text = describe_malignant_probabilities("resnet18", build_scores(observed_to_expected=Estimate(1.2, 1.1, 1.3)))
    assert "observed to expected 1.200 (1.100 to 1.300)." in text
    assert "slope 0" not in text
