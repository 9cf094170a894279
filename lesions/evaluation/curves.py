"""Curves of each class against the rest, thinned to as many points as a plot can show."""

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesions.evaluation.ranking import compute_precision_recall_curve, compute_roc_curve
from lesions.tables.predictions import Predictions

MAX_POINTS = 100
"""Most points of one curve."""


def build_roc_rows(predictions: Predictions) -> list[dict[str, Any]]:
    """Return the points of each class's ROC curve as plot rows, in drawing order."""
    return [
        {"diagnosis": name, "step": step, "false_positive_rate": float(x), "sensitivity": float(y)}
        for name, truth, probability in one_against_rest(predictions)
        for step, (x, y) in enumerate(_thin(*compute_roc_curve(truth, probability)))
    ]


def build_precision_recall_rows(predictions: Predictions) -> list[dict[str, Any]]:
    """Return the points of each class's precision-recall curve as plot rows, in drawing order.

    The curve is a step function whose area is the average precision: no threshold between two neighbouring ones gives
    any other precision (Davis and Goadrich 2006, doi 10.1145/1143844.1143874).
    """
    rows = []
    for name, truth, probability in one_against_rest(predictions):
        precision, recall = compute_precision_recall_curve(truth, probability)
        points = [(0.0, float(precision[0])), *reversed(_thin(recall[::-1], precision[::-1]))]
        corners = [
            corner
            for (x, y), (next_x, next_y) in pairwise(points)
            for corner in ((x, y), (x, next_y), (next_x, next_y))
        ]
        steps = [point for point, _ in groupby(corners)]
        rows += [
            {"diagnosis": name, "step": step, "recall": float(x), "precision": float(y)}
            for step, (x, y) in enumerate(steps)
        ]
    return rows


def one_against_rest(
    predictions: Predictions,
) -> Iterator[tuple[str, NDArray[np.bool_], NDArray[np.float64]]]:
    """Yield each class that has some but not all images: its name, which images have it, its probabilities."""
    y_prob = predictions.y_prob
    for code, name in enumerate(predictions.classes):
        truth = predictions.y_true == code
        if 0 < truth.sum() < len(truth):
            yield name, truth, y_prob[:, code]


def choose_points(length: int) -> NDArray[np.int64]:
    """Return the indices of at most `MAX_POINTS` of a curve's points, including the first and the last."""
    return np.unique(np.linspace(0, length - 1, MAX_POINTS).round().astype(np.int64))


def _thin(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return at most `MAX_POINTS` of a curve's points, including the first and the last."""
    kept = choose_points(len(x))
    return list(zip(x[kept], y[kept], strict=True))
