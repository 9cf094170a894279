"""Abstaining is by the probability of the called class, and images of one probability go together."""

from dataclasses import replace

import numpy as np
import pytest

from lesions.evaluation.risk import list_risk_by_coverage
from tests.runs import build_predictions

LOGITS = np.array([[4.0, 0, 0], [3.0, 0, 0], [0, 2.0, 0], [0, 0, 1.0]])


def test_risk_by_coverage_agrees_with_values_worked_by_hand() -> None:
    """From the highest confidence down, the predictions are right, wrong, right, right."""
    rows = list(list_risk_by_coverage(build_predictions(np.array([0, 1, 1, 2]), LOGITS)))
    assert [(row["coverage"], row["risk"]) for row in rows] == [(0.25, 0), (0.5, 0.5), (0.75, 1 / 3), (1, 0.25)]
    assert all(0 <= row["low"] <= row["risk"] <= row["high"] <= 1 for row in rows)


def test_images_are_ordered_by_the_probability_of_the_class_that_they_are_called() -> None:
    """The surest image is called a class of probability 0.018, and comes last."""
    predictions = replace(build_predictions(np.array([1, 0, 1, 2]), LOGITS), called=np.array([1, 0, 1, 2]))
    assert predictions.confidence == pytest.approx([0.01766, 0.90944, 0.78699, 0.57612], abs=1e-5)
    wrong = replace(predictions, y_true=np.array([0, 0, 1, 2]))
    assert [row["risk"] for row in list_risk_by_coverage(wrong)] == [0, 0, 0, 0.25]


def test_images_of_one_probability_are_answered_together_whatever_their_order() -> None:
    logits = np.repeat(LOGITS[[0, 3]], [3, 5], axis=0)
    y_true = np.array([1, 0, 0, 2, 2, 2, 0, 0])
    order = np.array([7, 1, 4, 0, 6, 3, 2, 5])
    for side in (np.arange(8), order):
        rows = list(list_risk_by_coverage(build_predictions(y_true[side], logits[side], np.zeros(8))))
        assert [(row["coverage"], row["risk"]) for row in rows] == [(3 / 8, 1 / 3), (1, 3 / 8)]
