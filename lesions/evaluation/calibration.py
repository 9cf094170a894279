"""Fit what turns a network's logits into probabilities: a scale and a shift for each class, on validation.

A network that is trained with class weights, adjusted logits or a sampling of rare classes states the probabilities
of a world in which the classes are as frequent as its training made them seem. One temperature cannot undo that. The
methods differ in what they fit:

none
    Nothing: the probabilities are the softmax of the logits.
temperature
    One scale for all classes (Guo et al. 2017, arXiv 1706.04599).
prior_and_temperature
    One scale, and how much of the shift that training gave the prior is undone. All of it would be Bayes' rule. Less
    is right where weights have less effect than the loss asks for, as they have on a network that fits its training
    images well (Byrd and Lipton 2019, arXiv 1812.03372).
vector
    A scale and a shift for each class (Guo et al. 2017).

Whether the probabilities are calibrated then is another question, which `lesions.evaluation.reliability` measures on
images that fitted nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from lesions.evaluation.parameters import CalibrationMethod

Floats = NDArray[np.float64]

LARGEST_LOG_SCALE = 3.0
"""Scales lie between exp(-3) and exp(3): perfectly predicted labels would otherwise give an infinite scale."""

HELD_TO_BAYES = 4.0
"""The weight, in images, that holds `prior_and_temperature` to Bayes' rule and to a temperature of 1: a dozen groups
of validation say little about either."""


@dataclass(frozen=True)
class _Family:
    """What a method may choose: scales exp(A θ) and shifts s + B θ, for P numbers θ that start at 0.

    Attributes
    ----------
    of_scale, of_shift : (K, P) float
        A and B.
    start : (K,) float
        s, the shift at θ = 0.
    bound : (P,) float
        The largest absolute value of each number.
    held : (P,) float
        The weight of the penalty, in images, that holds each number near 0.
    """

    of_scale: Floats
    of_shift: Floats
    start: Floats
    bound: Floats
    held: Floats

    def unpack(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return the scale (K,) and the shift (K,)."""
        return np.exp(self.of_scale @ theta), self.start + self.of_shift @ theta


def fit_calibration(
    logits: NDArray[np.floating],
    y_true: NDArray[np.int64],
    method: CalibrationMethod,
    *,
    prior_shift: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Fit the scale (K,) and the shift (K,) that minimise the log loss of images.

    Parameters
    ----------
    logits : (N, K) float
        Of the validation images. Without any image, the scale is 1 and the shift is where the method starts.
    y_true : (N,) int
    prior_shift : (K,) float
        What would undo the prior of training if it was added to the logits; by default 0.
    """
    N, K = logits.shape
    family = _build_family(method, np.zeros(K) if prior_shift is None else prior_shift)
    start = np.zeros(len(family.bound))
    if N == 0 or method == "none":
        return family.unpack(start)
    truth, penalty = np.eye(K)[y_true], 0.5 * family.held / N

    def objective(theta: Floats) -> tuple[float, Floats]:
        """Return the penalised log loss, and its gradient (P,)."""
        scale, shift = family.unpack(theta)
        log_prob = log_softmax(logits * scale + shift, axis=1)
        residual = np.exp(log_prob) - truth
        of_scale, of_shift = scale * (residual * logits).mean(axis=0), residual.mean(axis=0)
        loss = -float((truth * log_prob).sum()) / N + float(penalty @ theta**2)
        return loss, family.of_scale.T @ of_scale + family.of_shift.T @ of_shift + 2 * penalty * theta

    bounds = np.stack([-family.bound, family.bound], axis=1)
    return family.unpack(minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def _build_family(method: CalibrationMethod, prior_shift: Floats) -> _Family:
    K = len(prior_shift)
    zeros, ones, each = np.zeros((K, 1)), np.ones((K, 1)), np.eye(K)
    match method:
        case "none":
            return _Family(zeros, zeros, np.zeros(K), bound=np.zeros(1), held=np.zeros(1))
        case "temperature":
            return _Family(ones, zeros, np.zeros(K), bound=np.array([LARGEST_LOG_SCALE]), held=np.zeros(1))
        case "prior_and_temperature":
            # The shift lies between none and twice the one of Bayes' rule.
            return _Family(
                np.hstack([ones, zeros]),
                np.hstack([zeros, prior_shift[:, None]]),
                prior_shift,
                bound=np.array([LARGEST_LOG_SCALE, 1.0]),
                held=np.full(2, HELD_TO_BAYES),
            )
        case "vector":
            # Without the penalty, classes that have no mistake on validation would diverge.
            return _Family(
                np.hstack([each, np.zeros((K, K))]),
                np.hstack([np.zeros((K, K)), each]),
                np.zeros(K),
                bound=np.full(2 * K, LARGEST_LOG_SCALE),
                held=np.ones(2 * K),
            )
