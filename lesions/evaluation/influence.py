"""By how much each image moves a metric: the derivative of the metric by the image's weight, at weight 1.

What Efron calls the infinitesimal jackknife (1982, The Jackknife, the Bootstrap and Other Resampling Plans, chapter
6). Summed over the images of a group it is, to first order, what the metric would lose without that group.
"""

import numpy as np
from numpy.typing import NDArray

from lesions.evaluation.scores import score_classes

Floats = NDArray[np.float64]


def compute_influences(y_true: NDArray[np.int64], y_prob: Floats) -> dict[str, Floats]:
    """Compute for each metric of `lesions.evaluation.scores` the influence (N,) of each image.

    Parameters
    ----------
    y_true : (N,) int
    y_prob : (N, K) float
    """
    K = y_prob.shape[1]
    classes = score_classes(y_true, y_prob.argmax(axis=1), K)
    there = np.flatnonzero(classes.support)
    recall, f1, support = classes.recall[there], classes.f1[there], classes.support[there]
    truth, guess = (np.eye(K)[codes][:, there] for codes in (y_true, y_prob.argmax(axis=1)))
    hit = (truth * guess).sum(axis=1)
    on_recall = truth * (guess - recall) / support
    on_f1 = (2 * truth * guess - f1 * (truth + guess)) / (truth + guess).sum(axis=0)
    shares = support / len(y_true)
    influences = {
        "accuracy": (hit - hit.mean()) / len(y_true),
        "balanced_accuracy": on_recall.mean(axis=1),
        "macro_f1": on_f1.mean(axis=1),
        # A weighted mean moves with its weights as well.
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

    The influence of an image is how far the part of the other side that it is ranked right against is from the mean
    of its own side, over the images of its own side.

    Parameters
    ----------
    truth : (N,) bool
    probability : (N,) float
    """
    ranking = _Ranking(truth, probability)
    below = (ranking.num_negatives - ranking.passed + ranking.negatives / 2)[ranking.place] / ranking.num_negatives
    above = (ranking.found - ranking.positives / 2)[ranking.place] / ranking.num_positives
    area = float(below[truth].mean())
    return area, np.where(truth, (below - area) / ranking.num_positives, (above - area) / ranking.num_negatives)


def _compute_average_precision_influences(truth: NDArray[np.bool_], probability: Floats) -> Floats:
    """Compute the influence (N,) of each image on the average precision.

    An image changes the precision at its own place and at all places that come after it.
    """
    ranking = _Ranking(truth, probability)
    seen = ranking.found + ranking.passed
    precision = ranking.found / seen
    gained = _add_up_from_the_end(ranking.positives / seen)[ranking.place]
    lost = _add_up_from_the_end(ranking.positives * ranking.found / seen**2)[ranking.place]
    own = precision[ranking.place]
    return (truth * (gained + own - own[truth].mean()) - lost) / ranking.num_positives


class _Ranking:
    """Images from the highest probability down; those of equal probability share a place.

    Attributes
    ----------
    place : (N,) int
    positives, negatives : (M,) float
        Images at each place.
    found, passed : (M,) float
        The same, from the first place to each.
    """

    def __init__(self, truth: NDArray[np.bool_], probability: Floats) -> None:
        _, self.place = np.unique(-probability, return_inverse=True)
        self.positives = np.bincount(self.place, weights=truth)
        self.negatives = np.bincount(self.place, weights=~truth)
        self.found, self.passed = self.positives.cumsum(), self.negatives.cumsum()
        self.num_positives, self.num_negatives = self.found[-1], self.passed[-1]


def _add_up_from_the_end(values: Floats) -> Floats:
    return values[::-1].cumsum()[::-1]
