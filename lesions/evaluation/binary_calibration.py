"""Calibration of the probability of malignancy (Van Calster et al. 2019, doi 10.1186/s12916-019-1466-7)."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

from lesions.evaluation.bins import MIN_BIN_IMAGES, merge_small_bins
from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.interval import Estimate
from lesions.evaluation.linear import estimate_linear
from lesions.evaluation.proportions import estimate_proportions
from lesions.tables.predictions import Predictions

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NUM_BINS = 10

MAX_LOG_ODDS = 500.0
"""Beyond it, float64 has no difference between a probability and 0 or 1."""

MAX_STEPS, PRECISION = 100, 1e-10


def score_binary_calibration(predictions: Predictions) -> dict[str, Estimate]:
    """Compare the probabilities of malignancy with what was observed, with 95 % intervals over groups.

    Parameters
    ----------
    predictions
        Of the classes benign and malignant.

    Returns
    -------
    observed_to_expected
        The number of malignant images divided by the sum of their probabilities; 1 if right on average.
    calibration_intercept
        What has to be added to each log odds to make the probabilities right on average; 0 if they are.
    calibration_slope
        The factor of the log odds in a logistic regression on them; below 1, the probabilities are too extreme.

    What is undefined is omitted: all three if no image is malignant or all are, and the slope if the probabilities
    are all the same or separate malignant from benign.
    """
    malignant, group_id = predictions.y_true == 1, predictions.images.group_id
    if malignant.all() or not malignant.any():
        return {}
    log_odds = np.clip(predictions.log_prob[:, 1] - predictions.log_prob[:, 0], -MAX_LOG_ODDS, MAX_LOG_ODDS)
    scores = {
        "observed_to_expected": _estimate_ratio(malignant, expit(log_odds), group_id),
        "calibration_intercept": _estimate_intercept(malignant, log_odds, group_id),
    }
    sides = log_odds[malignant], log_odds[~malignant]
    if not any(upper.min() >= lower.max() for upper, lower in (sides, sides[::-1])):
        scores["calibration_slope"] = _estimate_slope(malignant, log_odds, group_id)
    return scores


def list_calibration_curve(predictions: Predictions) -> Iterator[dict[str, Any]]:
    """Yield the points of a calibration curve: bins of about equally many images, each with its 95 % interval.

    Images of the same probability are in one bin, and no bin has fewer than 20 images.
    """
    malignant, probability = predictions.y_true == 1, predictions.y_prob[:, 1]
    num_bins = max(1, min(NUM_BINS, len(probability) // MIN_BIN_IMAGES))
    edges = np.unique(np.quantile(probability, np.arange(1, num_bins) / num_bins))
    bins = merge_small_bins(np.searchsorted(edges, probability, side="right"))
    members = [bins == number for number in np.unique(bins)]
    for among, observed in zip(
        members, estimate_proportions(malignant, members, predictions.images.group_id), strict=True
    ):
        yield {
            "probability": float(probability[among].mean()),
            "observed": observed.value,
            "low": observed.low,
            "high": observed.high,
            "num_images": int(among.sum()),
        }


def _estimate_ratio(malignant: Flags, probability: Floats, group_id: pd.Series) -> Estimate:
    """Estimate observed to expected, on the scale of logarithms."""
    shares = malignant / malignant.sum() - probability / probability.sum()
    ratio = math.log(malignant.sum() / probability.sum())
    on_log_scale = estimate_linear(ratio, sum_by_group(shares, group_id))
    return Estimate(*map(math.exp, (on_log_scale.value, on_log_scale.low, on_log_scale.high)))


def _estimate_intercept(malignant: Flags, log_odds: Floats, group_id: pd.Series) -> Estimate:
    """Estimate the intercept of a logistic regression in which the log odds have a factor of 1."""
    far = MAX_LOG_ODDS + 50
    intercept = float(brentq(lambda shift: (expit(log_odds + shift) - malignant).sum(), -far, far))
    return _estimate_first(intercept, np.ones((len(log_odds), 1)), log_odds + intercept, malignant, group_id)


def _estimate_slope(malignant: Flags, log_odds: Floats, group_id: pd.Series) -> Estimate:
    """Estimate the slope of a logistic regression on the log odds, by Newton's method with steps halved as needed."""
    scale = float(log_odds.std())
    design = np.stack([(log_odds - log_odds.mean()) / scale, np.ones_like(log_odds)], axis=1)

    def lose(weights: Floats) -> float:
        return float((np.logaddexp(0, design @ weights) - malignant * (design @ weights)).sum())

    weights = np.array([0.0, logit(malignant.mean())])
    for _ in range(MAX_STEPS):
        step = _weigh(design, design @ weights, malignant).sum(axis=0)
        while lose(weights + step) > lose(weights) and np.abs(step).max() > PRECISION:
            step = step / 2
        weights = weights + step
        if np.abs(step).max() <= PRECISION:
            break
    slope = _estimate_first(float(weights[0]), design, design @ weights, malignant, group_id)
    return Estimate(slope.value / scale, slope.low / scale, slope.high / scale)


def _estimate_first(
    value: float, design: Floats, predictor: Floats, malignant: Flags, group_id: pd.Series
) -> Estimate:
    """Put an interval around the first coefficient of a fitted logistic regression."""
    return estimate_linear(value, sum_by_group(_weigh(design, predictor, malignant)[:, 0], group_id))


def _weigh(design: Floats, predictor: Floats, malignant: Flags) -> Floats:
    """Return the influence of each image on the coefficients, (N, P), at the linear predictor (N,)."""
    # The product of the two has no cancellation where a probability is nearly 1.
    information = design.T @ (design * (expit(predictor) * expit(-predictor))[:, None])
    return np.asarray(np.linalg.solve(information, (design * (malignant - expit(predictor))[:, None]).T).T)
