"""The headline metrics of many resamples of the same predictions at once."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def score_resamples(y_true: NDArray[np.int64], y_prob: Floats, counts: Counts) -> dict[str, Floats]:
    """Compute the metrics of `lesions.evaluation.scores` for each resample.

    Parameters
    ----------
    y_true : (N,) int
    y_prob : (N, K) float
    counts : (R, N) int
        How often each image is in each resample.

    Returns
    -------
    dict
        For each metric (R,) float, the same as scoring an image as often as it was drawn; NaN where no class
        has both images and others beside it.
    """
    K = y_prob.shape[1]
    confusion = _count_confusion(y_true, y_prob.argmax(axis=1), K, counts)
    rankings = [_score_ranking(y_true == k, y_prob[:, k], counts) for k in range(K)]
    return {
        **_score_confusion(confusion),
        "macro_roc_auc": _mean_where_defined(np.stack([areas for areas, _ in rankings], axis=1)),
        "mean_average_precision": _mean_where_defined(np.stack([precisions for _, precisions in rankings], axis=1)),
    }


def _count_confusion(y_true: NDArray[np.int64], y_pred: NDArray[np.int64], K: int, counts: Counts) -> Floats:
    """Count the images of each true and predicted class, (R, K, K)."""
    cells = np.zeros((len(y_true), K * K))
    cells[np.arange(len(y_true)), y_true * K + y_pred] = 1
    return (counts @ cells).reshape(-1, K, K)


def _score_confusion(confusion: Floats) -> dict[str, Floats]:
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    support, predicted = confusion.sum(axis=2), confusion.sum(axis=1)
    there = support > 0
    recall, f1 = _divide(hits, support), _divide(2 * hits, support + predicted)
    return {
        "accuracy": hits.sum(axis=1) / support.sum(axis=1),
        "balanced_accuracy": _mean_where_defined(recall),
        "macro_f1": _mean_where_defined(np.where(there, f1, np.nan)),
        "weighted_f1": np.where(there, f1 * support, 0).sum(axis=1) / support.sum(axis=1),
    }


def _score_ranking(truth: NDArray[np.bool_], probability: Floats, counts: Counts) -> tuple[Floats, Floats]:
    """Compute a class's area under the ROC curve and its average precision in each resample, (R,) each.

    The area is the part of pairs of one image of the class and one other that are in the right order, a tie
    being half right (Hanley and McNeil 1982).
    """
    order = np.argsort(-probability, kind="stable")
    ties = np.flatnonzero(np.diff(-probability[order], prepend=-np.inf))
    ordered = counts[:, order]
    positives = np.add.reduceat(ordered * truth[order], ties, axis=1)
    negatives = np.add.reduceat(ordered, ties, axis=1) - positives
    found, passed = positives.cumsum(axis=1), negatives.cumsum(axis=1)
    all_positives, all_negatives = found[:, -1], passed[:, -1]
    misordered = (positives * (passed - negatives / 2)).sum(axis=1)
    area = 1 - _divide(misordered, all_positives * all_negatives)
    average_precision = _divide((positives * _divide(found, found + passed, empty=0)).sum(axis=1), all_positives)
    return area, np.where(np.isnan(area), np.nan, average_precision)


def _mean_where_defined(values: Floats) -> Floats:
    """Return the mean (R,) of the values (R, K) that are not NaN."""
    defined = ~np.isnan(values)
    return _divide(np.where(defined, values, 0).sum(axis=1), defined.sum(axis=1))


def _divide(part: NDArray[np.number], whole: NDArray[np.number], *, empty: float = np.nan) -> Floats:
    return np.divide(part, whole, out=np.full(whole.shape, float(empty)), where=whole > 0)
