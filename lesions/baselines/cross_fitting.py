"""Logistic regression that predicts each image without having seen its group."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lesions.baselines.regression import INVERSE_REGULARISATION, compute_logits
from lesions.errors import InputError

NUM_FOLDS = 5


def assign_folds(labels: NDArray[np.int64], groups: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return the fold (N,), from 0 to 4, of each image: whole groups, with classes spread over the folds.

    Raises
    ------
    InputError
        If there are fewer groups than folds, or if each class has fewer images.
    """
    num_groups, most_images = len(np.unique(groups)), np.bincount(labels).max()
    if min(num_groups, most_images) < NUM_FOLDS:
        raise InputError(
            f"{num_groups} groups, and {most_images} images of the most frequent class, are too few for {NUM_FOLDS} "
            "folds"
        )
    folds = np.empty(len(labels), dtype=np.int64)
    with warnings.catch_warnings():
        # It warns of a class with fewer images than folds; `lesions doubts` says which, by its groups.
        warnings.simplefilter("ignore", UserWarning)
        for fold, (_, left_out) in enumerate(StratifiedGroupKFold(NUM_FOLDS).split(labels, labels, groups)):
            folds[left_out] = fold
    return folds


def cross_fit(
    features: NDArray[np.floating], labels: NDArray[np.int64], folds: NDArray[np.int64], num_classes: int
) -> NDArray[np.float64]:
    """Predict the images of each fold by a regression on the images of the other folds.

    Of six strengths of regularisation, the one with the least log loss of these predictions is used: a choice that
    all labels share in, unlike the fits. All images weigh the same, so that rare classes do not seem more probable
    than they are.

    Parameters
    ----------
    features : (N, F)
    labels : (N,) int
    folds : (N,) int

    Returns
    -------
    (N, K) logits; −∞ for a class that no image of the other folds has
    """

    def predict(strength: float) -> NDArray[np.float64]:
        logits = np.full((len(labels), num_classes), -np.inf)
        for fold in np.unique(folds):
            logits[folds == fold] = _predict_fold(features, labels, folds == fold, num_classes, strength)
        return logits

    return min(map(predict, INVERSE_REGULARISATION), key=lambda logits: _compute_log_loss(logits, labels))


def _predict_fold(
    features: NDArray[np.floating],
    labels: NDArray[np.int64],
    left_out: NDArray[np.bool_],
    num_classes: int,
    strength: float,
) -> NDArray[np.float64]:
    """Return the logits of the images that are left out, by a regression on the others."""
    known = np.unique(labels[~left_out])
    logits = np.full((left_out.sum(), num_classes), -np.inf)
    if len(known) == 1:
        logits[:, known] = 0.0
        return logits
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
    regression.fit(features[~left_out], labels[~left_out])
    logits[:, known] = compute_logits(regression, features[left_out])
    return logits


def _compute_log_loss(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the mean log loss of the images whose class their regression knows."""
    of_label = log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
    return float(-of_label[np.isfinite(of_label)].mean())
