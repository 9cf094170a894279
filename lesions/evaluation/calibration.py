"""Scale logits so that a probability of 0.8 is right in 80 of 100 cases."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from lesions.evaluation.parameters import CalibrationMethod
from lesions.evaluation.reliability import compute_log_loss

Floats = NDArray[np.float64]

LARGEST_LOG_SCALE = 3.0
"""Scales lie between exp(-3) and exp(3): perfectly predicted labels would otherwise give an infinite scale."""


def fit_calibration(
    logits: NDArray[np.floating], y_true: NDArray[np.int64], method: CalibrationMethod
) -> tuple[Floats, Floats]:
    """Fit the scale (K,) and shift (K,) that minimise the negative log-likelihood.

    The method is that of Guo et al. 2017 (arXiv 1706.04599).

    Parameters
    ----------
    logits : (N, K) float
        Of the validation images.
    y_true : (N,) int
    method
        temperature: one scale for all classes, so that no ranking and no predicted class changes. vector: a scale and
        a shift per class, with a penalty of the weight of one image that holds them near 1 and 0; without it, classes
        that have no mistake on validation would diverge.
    """
    K = logits.shape[1]
    if method == "none":
        return np.ones(K), np.zeros(K)
    num_parameters = 1 if method == "temperature" else 2 * K
    penalty = 0.0 if method == "temperature" else 0.5 / len(logits)

    def unpack(theta: Floats) -> tuple[Floats, Floats]:
        return np.exp(np.resize(theta[:K], K)), np.resize(theta[K:], K) if method == "vector" else np.zeros(K)

    def objective(theta: Floats) -> float:
        scale, shift = unpack(theta)
        return compute_log_loss(y_true, logits * scale + shift) + penalty * float(theta @ theta)

    bounds = [(-LARGEST_LOG_SCALE, LARGEST_LOG_SCALE)] * num_parameters
    return unpack(minimize(objective, np.zeros(num_parameters), method="L-BFGS-B", bounds=bounds).x)
