"""Curves and areas of one class against the rest, from how scores rank the images.

No threshold separates images with equal scores, so a curve has one point per distinct score. The results equal
those of scikit-learn, with which the tests compare them; loading scikit-learn takes longer than most stages that
need a curve.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def compute_roc_curve(truth: NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """Return the false positive rates and the sensitivities (P,), from the largest threshold to the smallest.

    The first point is (0, 0), the last (1, 1). Points on a straight line between their neighbours are left out.

    Parameters
    ----------
    truth : (N,) bool
        Whether each image is of the class; some are and some are not.
    score : (N,) float
    """
    hits, alarms = _count_above(truth, score)
    is_corner = np.concatenate([[True], (np.diff(hits, 2) != 0) | (np.diff(alarms, 2) != 0), [True]])
    hits, alarms = (np.concatenate([[0], counts[is_corner[: len(counts)]]]) for counts in (hits, alarms))
    return alarms / alarms[-1], hits / hits[-1]


def compute_roc_area(truth: NDArray[np.bool_], score: Floats) -> float:
    """Return the area under the ROC curve; arguments as for `compute_roc_curve`."""
    false_positive_rate, sensitivity = compute_roc_curve(truth, score)
    return float(np.trapezoid(sensitivity, false_positive_rate))


def compute_precision_recall_curve(truth: NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """Return the precisions and the recalls (P,), from the largest threshold to the smallest.

    Of several points with the same recall, those between the first and the last are left out.

    Parameters
    ----------
    truth, score
        As for `compute_roc_curve`.
    """
    hits, alarms = _count_above(truth, score)
    changes = np.diff(hits) != 0
    is_kept = np.concatenate([[True], changes[:-1] | changes[1:], [True]])[: len(hits)]
    return hits[is_kept] / (hits + alarms)[is_kept], hits[is_kept] / hits[-1]


def compute_average_precision(truth: NDArray[np.bool_], score: Floats) -> float:
    """Return the precision weighted by each step of recall; arguments as for `compute_roc_curve`."""
    hits, alarms = _count_above(truth, score)
    steps = np.diff(hits / hits[-1], prepend=0.0)
    # From the smallest threshold on, as scikit-learn sums: the order decides the last bits.
    return float((steps * (hits / (hits + alarms)))[::-1].sum())


def _count_above(truth: NDArray[np.bool_], score: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the images of the class, and those of the rest, at or above each distinct score, the largest first."""
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    last_of_equals = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = np.cumsum(truth[order])[last_of_equals]
    return hits, 1 + last_of_equals - hits
