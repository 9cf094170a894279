"""The area of each class is a part of the macro ROC AUC, and its interval holds what one group could change."""

import numpy as np
import pytest

from lesions.evaluation.class_areas import estimate_class_areas
from lesions.evaluation.estimation import estimate_metrics
from lesions.tables.predictions import Predictions
from tests.runs import CLASSES, build_predictions, guess, true_classes


def test_the_mean_of_the_areas_is_the_macro_area() -> None:
    y_true = true_classes(300)
    predictions = build_predictions(y_true, guess(y_true, 1.5))
    areas = estimate_class_areas(predictions)
    macro = estimate_metrics(predictions, metrics=["macro_roc_auc"])["macro_roc_auc"]
    assert list(areas) == list(CLASSES)
    assert np.mean([area.value for area in areas.values()]) == pytest.approx(macro.value)
    for area in areas.values():
        assert area.low < area.value < area.high
        assert area.high - area.low > macro.high - macro.low


def test_an_area_of_1_of_few_groups_may_be_lower_in_others() -> None:
    """The first class has three groups of two images, all ranked first."""
    y_true = np.repeat([0, 1], [6, 60])
    areas = estimate_class_areas(build_predictions(y_true, 9.0 * np.eye(3)[y_true]))
    assert list(areas) == list(CLASSES[:2])
    assert areas["melanoma"].value == areas["melanoma"].high == 1
    assert areas["melanoma"].low < 0.9


def test_one_wrong_pair_of_eight_is_an_area_of_seven_eighths() -> None:
    y_true = np.array([0, 0, 1, 1, 1, 1])
    melanoma = [0.9, 0.5, 0.6, 0.3, 0.2, 0.1]
    logits = np.log([[p, 1 - p - 1e-9, 1e-9] for p in melanoma])
    assert estimate_class_areas(build_predictions(y_true, logits))["melanoma"].value == pytest.approx(7 / 8)


@pytest.mark.parametrize("skill", [1.5, 90.0])
def test_of_two_classes_the_macro_area_is_that_of_either_with_the_same_bounds(skill: float) -> None:
    """At an area of 1, two areas that varied independently would be bounded more closely than one."""
    y_true = np.arange(60) % 2
    found = build_predictions(y_true, guess(y_true, skill))
    two = Predictions(found.images, CLASSES[:2], y_true, found.logits[:, :2])
    macro = estimate_metrics(two, metrics=["macro_roc_auc"])["macro_roc_auc"]
    for area in estimate_class_areas(two).values():
        assert (area.value, area.low, area.high) == pytest.approx((macro.value, macro.low, macro.high))
