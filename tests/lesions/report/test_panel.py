"""The panel has the test images' probabilities of malignancy by class, which call what the model calls."""

import numpy as np
import pytest

from lesions.evaluation.decisions import merge_sides
from lesions.evaluation.interval import Estimate
from lesions.report.decision_inputs import MalignancyScores
from lesions.report.panel import build_panel, count_called
from tests.runs import build_predictions, guess, true_classes

SIDES = (True, False, None)


def scores(threshold: float) -> MalignancyScores:
    estimate = Estimate(0.9, 0.8, 1.0)
    return MalignancyScores(
        threshold=threshold,
        threshold_calls_all=threshold == 0,
        expected_sensitivity=0.95,
        val_sensitivity=0.9,
        num_val_malignant=30,
        num_malignant=30,
        num_benign=30,
        num_neither=30,
        sensitivity=estimate,
        sensitivity_with_luck=estimate,
        specificity=estimate,
    )


@pytest.mark.parametrize("place", [0, 7, 59])
@pytest.mark.parametrize("shift", [0.0, 9.0, -9.0])
def test_the_threshold_of_the_file_calls_the_same_images(place: int, shift: float) -> None:
    """The threshold is the probability of an image, which may be next to 0 or to 1."""
    y_true = true_classes()
    predictions = build_predictions(y_true, guess(y_true, 2) + np.array([shift, 0, 0]))
    probability = merge_sides(predictions, SIDES).y_prob[:, 1]
    threshold = float(np.sort(probability)[place])
    panel = build_panel({"a": (predictions, scores(threshold))}, SIDES, [0.02])
    (model,) = panel["models"]
    called = [sum(value >= model["threshold"] for value in values) for values in model["values"]]
    counted = y_true[y_true != 2]
    assert called == [int((probability[counted == code] >= threshold).sum()) for code in (0, 1)]
    assert [len(values) for values in model["values"]] == [30, 30]
    assert panel["classes"] == [{"name": "melanoma", "malignant": True}, {"name": "nevus", "malignant": False}]
    assert count_called(panel, "melanoma") == {
        "a": f"At the threshold for malignancy, {called[0]} of the 30 are called malignant."
    }
    assert count_called(panel, "wart") == {}


def test_the_order_of_the_images_is_not_in_it() -> None:
    y_true = true_classes()
    predictions = build_predictions(y_true, guess(y_true, 2))
    (model,) = build_panel({"a": (predictions, scores(0.5))}, SIDES, [])["models"]
    assert all(values == sorted(values) for values in model["values"])
