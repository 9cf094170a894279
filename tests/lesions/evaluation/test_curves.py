"""The areas under the curves are the scores, and thinning changes them little."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from lesions.evaluation.curves import MAX_POINTS, build_precision_recall_rows, build_roc_rows
from lesions.tables.predictions import Predictions


def predictions(N: int, K: int = 3) -> Predictions:
    generator = np.random.default_rng(N)
    y_true = generator.integers(K, size=N)
    # Rounded, so that there are ties.
    logits = (generator.normal(size=(N, K)) + np.eye(K)[y_true]).round(1)
    images = pd.DataFrame({"image_id": np.arange(N).astype(str), "group_id": "g", "split": "test"})
    return Predictions(images, ("a", "b", "c"), y_true, logits)


def area(x: pd.Series, y: pd.Series) -> float:
    return float(np.trapezoid(y, x))


@pytest.mark.parametrize(("N", "tolerance"), [(12, 1e-9), (40, 1e-9), (3000, 0.01)])
def test_areas_equal_scikit_learns_scores(N: int, tolerance: float) -> None:
    predicted = predictions(N)
    roc, steps = pd.DataFrame(build_roc_rows(predicted)), pd.DataFrame(build_precision_recall_rows(predicted))
    for code, name in enumerate(predicted.classes):
        truth, probability = predicted.y_true == code, predicted.y_prob[:, code]
        curve = roc[roc.diagnosis == name]
        expected = roc_auc_score(truth, probability)
        assert area(curve.false_positive_rate, curve.sensitivity) == pytest.approx(expected, abs=tolerance)
        curve = steps[steps.diagnosis == name]
        expected = average_precision_score(truth, probability)
        assert area(curve.recall, curve.precision) == pytest.approx(expected, abs=tolerance)


def test_a_curve_has_at_most_200_points() -> None:
    predicted = predictions(3000)
    for rows in (build_roc_rows(predicted), build_precision_recall_rows(predicted)):
        assert pd.DataFrame(rows).diagnosis.value_counts().max() <= 2 * MAX_POINTS


def test_equal_probabilities_give_a_diagonal_and_a_level_line() -> None:
    predicted = predictions(10)
    constant = Predictions(predicted.images, predicted.classes, predicted.y_true, np.zeros((10, 3)))
    roc = [(row["false_positive_rate"], row["sensitivity"]) for row in build_roc_rows(constant)][:2]
    assert roc == [(0, 0), (1, 1)]
    share = float((predicted.y_true == 0).mean())
    levels = [(row["recall"], row["precision"]) for row in build_precision_recall_rows(constant)][:2]
    assert levels == [(0, share), (1, share)]


def test_a_class_without_images_has_no_curve() -> None:
    predicted = predictions(12)
    kept = predicted.y_true != 1
    without = Predictions(predicted.images[kept], predicted.classes, predicted.y_true[kept], predicted.logits[kept])
    assert {row["diagnosis"] for row in build_roc_rows(without)} == {"a", "c"}
    assert {row["diagnosis"] for row in build_precision_recall_rows(without)} == {"a", "c"}
