"""Compute the headline metrics on many resamples of the same predictions at once."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Counts = NDArray[np.float64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


def score_resamples(
    y_true: NDArray[np.int64],
    y_prob: Floats,
    counts: Counts,
    *,
    y_pred: NDArray[np.int64] | None = None,
    with_rankings: bool = True,
) -> dict[str, Floats]:
    """Compute the metrics of `lesions.evaluation.scores` for each resample.

    Parameters
    ----------
    y_true : (N,) int
    y_prob : (N, K) float
    counts : (N, R) float
        How often each image occurs in each resample.
    y_pred : (N,) int
        The predicted classes; by default the most probable ones.
    with_rankings
        Whether to compute the ROC AUC and the average precision too, which take most of the time.

    Returns
    -------
    dict
        For each metric (R,) float, the same as scoring each image as often as it was drawn; NaN where no class has
        some but not all images.
    """
    K = y_prob.shape[1]
    guess = y_prob.argmax(axis=1) if y_pred is None else y_pred
    confusion = _sum_counts(counts, y_true * K + guess, num_cells=K * K).reshape(K, K, -1)
    scores = _score_confusion(confusion)
    if not with_rankings:
        return scores
    rankings = [score_ranking(y_true == k, y_prob[:, k], counts) for k in range(K)]
    return {
        **scores,
        "macro_roc_auc": mean_where_defined(np.stack([areas for areas, _ in rankings])),
        "mean_average_precision": mean_where_defined(np.stack([precisions for _, precisions in rankings])),
    }


def _score_confusion(confusion: Floats) -> dict[str, Floats]:
    """Compute the metrics of predicted classes from the confusion matrices (K, K, R)."""
    diagonal = np.arange(len(confusion))
    hits = confusion[diagonal, diagonal]
    support, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    there = support > 0
    recall, f1 = divide(hits, support), divide(2 * hits, support + predicted)
    return {
        "accuracy": hits.sum(axis=0) / support.sum(axis=0),
        "balanced_accuracy": mean_where_defined(recall),
        "macro_f1": mean_where_defined(np.where(there, f1, np.nan)),
        "weighted_f1": np.where(there, f1 * support, 0).sum(axis=0) / support.sum(axis=0),
    }


def score_ranking(truth: Flags, probability: Floats, counts: Counts) -> tuple[Floats, Floats]:
    """Compute a class's area under the ROC curve and its average precision in each resample, (R,) each.

    The area is the share of correctly ordered pairs of one image of the class and one other image; a tie counts half
    (Hanley and McNeil 1982). Both change only at the M distinct probabilities of the class's own images, so the other
    images are summed between one and the next, and those below all of them in a last rank.
    """
    levels = np.unique(-probability[truth])
    rank = np.searchsorted(levels, -probability)
    tied = np.isin(-probability, levels)
    positives, negatives, tied_negatives = (
        _sum_counts(counts, rank, num_cells=len(levels) + 1, among=among) for among in (truth, ~truth, ~truth & tied)
    )
    true_positives, false_positives = positives.cumsum(axis=0), negatives.cumsum(axis=0)
    num_positives, num_negatives = true_positives[-1], false_positives[-1]
    misordered = (positives * (false_positives - tied_negatives / 2)).sum(axis=0)
    area = 1 - divide(misordered, num_positives * num_negatives)
    precision = divide(true_positives, true_positives + false_positives, empty=0)
    average_precision = divide((positives * precision).sum(axis=0), num_positives)
    return area, np.where(np.isnan(area), np.nan, average_precision)


def _sum_counts(counts: Counts, cell: NDArray[np.int64], *, num_cells: int, among: Flags | None = None) -> Floats:
    """Sum the counts (N, R) of all images, or of those in `among`, by their cell (N,): (num_cells, R)."""
    chosen = np.arange(len(cell)) if among is None else np.flatnonzero(among)
    ones = csr_array((np.ones(len(chosen)), (cell[chosen], chosen)), shape=(num_cells, len(cell)))
    return np.asarray(ones @ counts)


def mean_where_defined(values: Floats) -> Floats:
    """Return the mean (R,) of the values (K, R) that are not NaN."""
    defined = ~np.isnan(values)
    return divide(np.where(defined, values, 0).sum(axis=0), defined.sum(axis=0))


def divide(part: NDArray[np.number], whole: NDArray[np.number], *, empty: float = np.nan) -> Floats:
    """Divide each part by its whole; `empty` where the whole is 0."""
    return np.divide(part, whole, out=np.full(whole.shape, float(empty)), where=whole > 0)
