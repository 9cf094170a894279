"""Score predicted classes and probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesions.evaluation.ranking import compute_average_precision, compute_roc_area


@dataclass(frozen=True)
class ClassScores:
    """Scores of each class, NaN where the denominator is 0.

    Attributes
    ----------
    precision, recall, f1 : (K,) float
    support : (K,) int
        Images per class.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]


def count_confusion(y_true: NDArray[np.int64], y_pred: NDArray[np.int64], num_classes: int) -> NDArray[np.int64]:
    """Count the images (K, K) of each true class (row) that are predicted as each class (column)."""
    pairs = num_classes * y_true + y_pred
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def score_classes(y_true: NDArray[np.int64], y_pred: NDArray[np.int64], num_classes: int) -> ClassScores:
    """Score predicted labels (N,) for each class.

    F1 is 2 TP / (2 TP + FP + FN): 0 for a class that has images but is never predicted, and undefined for a class
    that has neither images nor predictions.
    """
    confusion = count_confusion(y_true, y_pred, num_classes)
    hits, support, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    return ClassScores(
        precision=_divide(hits, predicted),
        recall=_divide(hits, support),
        f1=_divide(2 * hits, support + predicted),
        support=support,
    )


def score_labels(y_true: NDArray[np.int64], y_pred: NDArray[np.int64], num_classes: int) -> dict[str, float]:
    """Score predicted labels (N,) over all classes; classes without images are omitted from the means.

    Returns
    -------
    accuracy, balanced_accuracy (the mean recall), macro_f1, weighted_f1
    """
    classes = score_classes(y_true, y_pred, num_classes)
    there = classes.support > 0
    return {
        "accuracy": float((y_true == y_pred).mean()),
        "balanced_accuracy": float(classes.recall[there].mean()),
        "macro_f1": float(classes.f1[there].mean()),
        "weighted_f1": float(np.average(classes.f1[there], weights=classes.support[there])),
    }


def score_probabilities(y_true: NDArray[np.int64], y_prob: NDArray[np.float64]) -> dict[str, float]:
    """Score probabilities (N, K), each class against the rest, averaged over the classes that have images.

    Both scores are omitted if no class has some but not all images.

    Returns
    -------
    macro_roc_auc
        The mean area under the ROC curve.
    mean_average_precision
        The mean average precision: precision weighted by each step of recall, without trapezoidal interpolation.
    """
    sides = [(y_true == k, y_prob[:, k]) for k in range(y_prob.shape[1])]
    defined = [(truth, score) for truth, score in sides if 0 < truth.sum() < len(truth)]
    if not defined:
        return {}
    return {
        "macro_roc_auc": float(np.mean([compute_roc_area(*side) for side in defined])),
        "mean_average_precision": float(np.mean([compute_average_precision(*side) for side in defined])),
    }


def score_predictions(
    y_true: NDArray[np.int64], y_prob: NDArray[np.float64], *, y_pred: NDArray[np.int64] | None = None
) -> dict[str, float]:
    """Compute the headline metrics of one model's predictions.

    Parameters
    ----------
    y_true : (N,) int
    y_prob : (N, K) float
    y_pred : (N,) int
        The predicted classes; by default the most probable ones.
    """
    labels = score_labels(y_true, y_prob.argmax(axis=1) if y_pred is None else y_pred, y_prob.shape[1])
    return labels | score_probabilities(y_true, y_prob)


def _divide(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
