"""Influences equal the derivatives of scikit-learn's weighted metrics."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, recall_score, roc_auc_score

from lesions.evaluation.influence import compute_influences

STEP = 1e-5


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Draw images of three of four classes, with ties among the probabilities."""
    generator = np.random.default_rng(0)
    y_true = generator.choice(3, 60, p=[0.7, 0.2, 0.1])
    logits = generator.normal(size=(60, 4)) + 1.2 * np.eye(4)[y_true]
    y_prob = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    # Columns differ slightly; otherwise the first of equal probabilities would decide the predicted class.
    return y_true, y_prob.round(1) + 1e-9 * np.arange(4)


Y_TRUE, Y_PROB = draw()
Y_PRED = Y_PROB.argmax(axis=1)
THERE = [0, 1, 2]

WEIGHTED: dict[str, Callable[[np.ndarray], float]] = {
    "accuracy": lambda w: accuracy_score(Y_TRUE, Y_PRED, sample_weight=w),
    "balanced_accuracy": lambda w: recall_score(Y_TRUE, Y_PRED, labels=THERE, average="macro", sample_weight=w),
    "macro_f1": lambda w: f1_score(Y_TRUE, Y_PRED, labels=THERE, average="macro", sample_weight=w),
    "weighted_f1": lambda w: f1_score(Y_TRUE, Y_PRED, labels=THERE, average="weighted", sample_weight=w),
    "macro_roc_auc": lambda w: np.mean([roc_auc_score(k == Y_TRUE, Y_PROB[:, k], sample_weight=w) for k in THERE]),
    "mean_average_precision": lambda w: np.mean(
        [average_precision_score(k == Y_TRUE, Y_PROB[:, k], sample_weight=w) for k in THERE]
    ),
}


@pytest.mark.parametrize("metric", WEIGHTED)
def test_an_influence_is_the_derivative_with_respect_to_the_images_weight(metric: str) -> None:
    influences = compute_influences(Y_TRUE, Y_PROB)[metric]
    steps = STEP * np.eye(len(Y_TRUE))
    expected = [(WEIGHTED[metric](1 + step) - WEIGHTED[metric](1 - step)) / (2 * STEP) for step in steps]
    np.testing.assert_allclose(influences, expected, atol=1e-9)
    assert np.abs(influences).max() > 0.005


def test_every_metric_has_influences() -> None:
    assert compute_influences(Y_TRUE, Y_PROB).keys() == WEIGHTED.keys()


def test_a_single_class_has_no_influences_on_ranking_metrics() -> None:
    influences = compute_influences(np.zeros(60, dtype=int), Y_PROB)
    assert influences.keys() == WEIGHTED.keys() - {"macro_roc_auc", "mean_average_precision"}
