"""Curves of each class against the rest, thinned to what a plot can show."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from lesions.evaluation.predictions import Predictions

MAX_POINTS = 100
"""Points of one curve."""


def build_roc_rows(predictions: Predictions) -> list[dict[str, Any]]:
    """Return the points of each class's ROC curve as rows of a plot, in the order to draw them."""
    return [
        {"diagnosis": name, "step": step, "false_positive_rate": float(x), "sensitivity": float(y)}
        for name, truth, probability in _one_against_rest(predictions)
        for step, (x, y) in enumerate(_thin(*roc_curve(truth, probability)[:2]))
    ]


def build_precision_recall_rows(predictions: Predictions) -> list[dict[str, Any]]:
    """Return the points of each class's precision-recall curve as rows of a plot, in the order to draw them."""
    return [
        {"diagnosis": name, "step": step, "recall": float(x), "precision": float(y)}
        for name, truth, probability in _one_against_rest(predictions)
        for step, (y, x) in enumerate(_thin(*precision_recall_curve(truth, probability)[:2]))
    ]


def _one_against_rest(
    predictions: Predictions,
) -> Iterator[tuple[str, NDArray[np.bool_], NDArray[np.float64]]]:
    """Yield each class that has images and others beside it: its name, who is of it, its probabilities."""
    for code, name in enumerate(predictions.classes):
        truth = predictions.y_true == code
        if 0 < truth.sum() < len(truth):
            yield name, truth, predictions.y_prob[:, code]


def _thin(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return at most `MAX_POINTS` of a curve's points, the first and the last among them."""
    kept = np.unique(np.linspace(0, len(x) - 1, MAX_POINTS).round().astype(int))
    return list(zip(x[kept], y[kept], strict=True))
