"""The influence of each image on a metric: the derivative of the metric by the image's weight, at weight 1.

Efron calls it the infinitesimal jackknife (1982, The Jackknife, the Bootstrap and Other Resampling Plans, chapter 6).
Summed over the images of a group it is, to first order, what the metric would lose without that group.
"""

import numpy as np
from numpy.typing import NDArray

from lesions.evaluation.scores import score_classes

Floats = NDArray[np.float64]


def compute_influences(
    y_true: NDArray[np.int64], y_prob: Floats, *, y_pred: NDArray[np.int64] | None = None
) -> dict[str, Floats]:
    """Compute the influence (N,) of each image on each metric of `lesions.evaluation.scores`.

    Parameters
    ----------
    y_true : (N,) int
    y_prob : (N, K) float
    y_pred : (N,) int
        The predicted classes; by default the most probable ones.
    """
    K = y_prob.shape[1]
    predicted = y_prob.argmax(axis=1) if y_pred is None else y_pred
    classes = score_classes(y_true, predicted, K)
    there = np.flatnonzero(classes.support)
    recall, f1, support = classes.recall[there], classes.f1[there], classes.support[there]
    truth, guess = (np.eye(K)[codes][:, there] for codes in (y_true, predicted))
    hit = (truth * guess).sum(axis=1)
    on_recall = truth * (guess - recall) / support
    on_f1 = (2 * truth * guess - f1 * (truth + guess)) / (truth + guess).sum(axis=0)
    shares = support / len(y_true)
    influences = {
        "accuracy": (hit - hit.mean()) / len(y_true),
        "balanced_accuracy": on_recall.mean(axis=1),
        "macro_f1": on_f1.mean(axis=1),
        # An image also changes the weights of the weighted mean.
        "weighted_f1": on_f1 @ shares + (truth @ f1 - shares @ f1) / len(y_true),
    }
    defined = [k for k in there if classes.support[k] < len(y_true)]
    if defined:
        ranked = [compute_area_influences(y_true == k, y_prob[:, k])[1] for k in defined]
        influences["macro_roc_auc"] = np.mean(ranked, axis=0)
        averages = [_compute_average_precision_influences(y_true == k, y_prob[:, k]) for k in defined]
        influences["mean_average_precision"] = np.mean(averages, axis=0)
    return influences


def compute_area_influences(truth: NDArray[np.bool_], probability: Floats) -> tuple[float, Floats]:
    """Compute the area under the ROC curve, and the influence (N,) of each image on it.

    For each image, take the share of the other side's images against which it is ranked correctly. Its influence is
    that share minus the mean share of its own side, divided by the number of images of its own side.

    Parameters
    ----------
    truth : (N,) bool
    probability : (N,) float
    """
    ranking = _Ranking(truth, probability)
    below = (ranking.num_negatives - ranking.false_positives + ranking.negatives / 2) / ranking.num_negatives
    above = (ranking.true_positives - ranking.positives / 2) / ranking.num_positives
    below, above = below[ranking.rank], above[ranking.rank]
    area = float(below[truth].mean())
    return area, np.where(truth, (below - area) / ranking.num_positives, (above - area) / ranking.num_negatives)


def _compute_average_precision_influences(truth: NDArray[np.bool_], probability: Floats) -> Floats:
    """Compute the influence (N,) of each image on the average precision.

    An image changes the precision at its own rank and at all later ranks.
    """
    ranking = _Ranking(truth, probability)
    seen = ranking.true_positives + ranking.false_positives
    precision = ranking.true_positives / seen
    gained = _sum_from_the_end(ranking.positives / seen)[ranking.rank]
    lost = _sum_from_the_end(ranking.positives * ranking.true_positives / seen**2)[ranking.rank]
    own = precision[ranking.rank]
    return (truth * (gained + own - own[truth].mean()) - lost) / ranking.num_positives


class _Ranking:
    """Images ranked from the highest probability down; images of equal probability share a rank.

    Attributes
    ----------
    rank : (N,) int
    positives, negatives : (M,) float
        Images at each rank.
    true_positives, false_positives : (M,) float
        Images from the first rank up to each.
    """

    def __init__(self, truth: NDArray[np.bool_], probability: Floats) -> None:
        _, self.rank = np.unique(-probability, return_inverse=True)
        self.positives = np.bincount(self.rank, weights=truth)
        self.negatives = np.bincount(self.rank, weights=~truth)
        self.true_positives, self.false_positives = self.positives.cumsum(), self.negatives.cumsum()
        self.num_positives, self.num_negatives = self.true_positives[-1], self.false_positives[-1]


def _sum_from_the_end(values: Floats) -> Floats:
    return values[::-1].cumsum()[::-1]
