"""How well probabilities are calibrated, and how abstaining at low confidence lowers the error rate."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from lesions.evaluation.curves import choose_points
from lesions.tables.predictions import Predictions

Floats = NDArray[np.float64]

NUM_BINS = 15
"""Bins of the reliability diagram and of the calibration error (as in Guo et al. 2017)."""


class Bin(NamedTuple):
    """Images of similar confidence: their number, mean confidence and accuracy."""

    num_images: int
    confidence: float
    accuracy: float


def score_reliability(y_true: NDArray[np.int64], logits: NDArray[np.floating]) -> dict[str, float]:
    """Compute scores of the probabilities themselves; lower is better in all of them.

    Parameters
    ----------
    y_true : (N,) int
    logits : (N, K) float

    Returns
    -------
    log_loss
        The mean negative log-likelihood of the true class, in nats.
    brier_score
        The mean squared distance of the probabilities from the truth, summed over all classes: 0 to 2 (Brier 1950).
    expected_calibration_error
        The mean absolute difference between confidence and accuracy over bins of equally many images. Bins of equal
        width would be nearly empty at confidences that the network rarely has, and noisy there.
    """
    y_prob = softmax(logits.astype(np.float64), axis=1)
    bins = list(list_bins(y_true, y_prob))
    gaps = [group.num_images * abs(group.confidence - group.accuracy) for group in bins]
    return {
        "log_loss": compute_log_loss(y_true, logits),
        "brier_score": float(((y_prob - np.eye(y_prob.shape[1])[y_true]) ** 2).sum(axis=1).mean()),
        "expected_calibration_error": sum(gaps) / len(y_true),
    }


def compute_log_loss(y_true: NDArray[np.int64], logits: NDArray[np.floating]) -> float:
    """Return the mean negative log-likelihood of the true class, in nats."""
    log_prob = log_softmax(logits.astype(np.float64), axis=1)
    return -float(log_prob[np.arange(len(y_true)), y_true].mean())


def list_bins(y_true: NDArray[np.int64], y_prob: Floats) -> Iterator[Bin]:
    """Yield bins of equally many images, up to rounding, from the lowest confidence up.

    Confidence is the probability of the predicted class; images of equal confidence may be in two bins.
    """
    confidence, hit = y_prob.max(axis=1), y_prob.argmax(axis=1) == y_true
    order = np.argsort(confidence, kind="stable")
    for chosen in np.array_split(order, min(NUM_BINS, len(order))):
        yield Bin(len(chosen), float(confidence[chosen].mean()), float(hit[chosen].mean()))


def build_reliability_rows(calibrated: Predictions, predicted: Predictions) -> list[dict[str, Any]]:
    """Return the bins after and before calibration as plot rows."""
    return [
        {"probabilities": name, **reliability_bin._asdict()}
        for name, side in (("calibrated", calibrated), ("as predicted", predicted))
        for reliability_bin in list_bins(side.y_true, side.y_prob)
    ]


def list_risk_by_coverage(predictions: Predictions) -> Iterator[dict[str, Any]]:
    """Yield the error rate of the most confident images against their share of all images."""
    confidence = predictions.y_prob.max(axis=1)
    wrong = predictions.y_pred != predictions.y_true
    order = np.argsort(-confidence, kind="stable")
    risk = wrong[order].cumsum() / np.arange(1, len(order) + 1)
    for index in choose_points(len(order)):
        yield {"coverage": float((index + 1) / len(order)), "risk": float(risk[index])}
