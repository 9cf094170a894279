"""The headline metrics of many resamples of the same predictions at once."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Counts = NDArray[np.float64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


def score_resamples(y_true: NDArray[np.int64], y_prob: Floats, counts: Counts) -> dict[str, Floats]:
    """Compute the metrics of `lesions.evaluation.scores` for each resample.

    Parameters
    ----------
    y_true : (N,) int
    y_prob : (N, K) float
    counts : (N, R) float
        How often each image is in each resample.

    Returns
    -------
    dict
        For each metric (R,) float, the same as scoring an image as often as it was drawn; NaN where no class
        has both images and others beside it.
    """
    K = y_prob.shape[1]
    confusion = _add_up(counts, y_true * K + y_prob.argmax(axis=1), K * K).reshape(K, K, -1)
    rankings = [_score_ranking(y_true == k, y_prob[:, k], counts) for k in range(K)]
    return {
        **_score_confusion(confusion),
        "macro_roc_auc": mean_where_defined(np.stack([areas for areas, _ in rankings])),
        "mean_average_precision": mean_where_defined(np.stack([precisions for _, precisions in rankings])),
    }


def _score_confusion(confusion: Floats) -> dict[str, Floats]:
    """Compute what hangs on the predicted class alone from the images of each true and predicted one, (K, K, R)."""
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


def _score_ranking(truth: Flags, probability: Floats, counts: Counts) -> tuple[Floats, Floats]:
    """Compute a class's area under the ROC curve and its average precision in each resample, (R,) each.

    The area is the part of pairs of one image of the class and one other that are in the right order, a tie
    being half right (Hanley and McNeil 1982). Both change only at the probabilities of the class's own images, M of
    them; the others are added up from one to the next, and those below all of them in a last place.
    """
    levels = np.unique(-probability[truth])
    place = np.searchsorted(levels, -probability)
    tied = np.isin(-probability, levels)
    positives, negatives, tied_negatives = (
        _add_up(counts, place, len(levels) + 1, among) for among in (truth, ~truth, ~truth & tied)
    )
    found, passed = positives.cumsum(axis=0), negatives.cumsum(axis=0)
    all_positives, all_negatives = found[-1], passed[-1]
    misordered = (positives * (passed - tied_negatives / 2)).sum(axis=0)
    area = 1 - divide(misordered, all_positives * all_negatives)
    average_precision = divide((positives * divide(found, found + passed, empty=0)).sum(axis=0), all_positives)
    return area, np.where(np.isnan(area), np.nan, average_precision)


def _add_up(counts: Counts, place: NDArray[np.int64], num_places: int, among: Flags | None = None) -> Floats:
    """Add up the counts (N, R) of the images, or of some among them, by their place (N,): (num_places, R)."""
    chosen = np.arange(len(place)) if among is None else np.flatnonzero(among)
    ones = csr_array((np.ones(len(chosen)), (place[chosen], chosen)), shape=(num_places, len(place)))
    return np.asarray(ones @ counts)


def mean_where_defined(values: Floats) -> Floats:
    """Return the mean (R,) of the values (K, R) that are not NaN."""
    defined = ~np.isnan(values)
    return divide(np.where(defined, values, 0).sum(axis=0), defined.sum(axis=0))


def divide(part: NDArray[np.number], whole: NDArray[np.number], *, empty: float = np.nan) -> Floats:
    """Return the parts of the wholes; `empty` where a whole is 0."""
    return np.divide(part, whole, out=np.full(whole.shape, float(empty)), where=whole > 0)
