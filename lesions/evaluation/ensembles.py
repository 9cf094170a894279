"""Combine the raw logits of several networks: the weighted mean of their log-probabilities.

Each member's logits are first divided by the temperature of its calibration, so that a network that is sure of
everything does not outvote the others. Its prior shift stays in: what is averaged are log-probabilities of the world
that training showed, so that the class with the highest mean is called by the rule of the members. The mean has
the mean prior shift, and `evaluate` calibrates it as it does a network's logits.

Whatever is fitted, is fitted on validation. The combined logits of a validation image are therefore those of a fit to
the groups of other folds. Only the methods of the calibrations are chosen on all of validation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp, softmax

from lesions.evaluation.calibration import LARGEST_LOG_SCALE, fit_calibration
from lesions.evaluation.calibration_choice import divide_validation, fit_best_calibration
from lesions.evaluation.parameters import CalibrationMethod
from lesions.parameters.combinations import Weights
from lesions.tables.predictions import Predictions

Floats = NDArray[np.float64]

HELD_TO_EQUAL = 4.0
"""The weight, in groups, that holds fitted weights to equal ones: a dozen groups of validation say little of which
network is better."""


@dataclass(frozen=True)
class Member:
    """A member of an ensemble.

    Attributes
    ----------
    predictions
        Its raw logits; all members have the same images in the same order.
    prior_shift : (K,) float
        What would undo the prior of its training if it was added to its logits.
    """

    predictions: Predictions
    prior_shift: Floats

    def keep(self, chosen: NDArray[np.bool_]) -> "Member":
        """Return the member for the chosen images, a mask (N,)."""
        return replace(self, predictions=self.predictions.keep(chosen))

    def log_prob(self, scale: float) -> Floats:
        """Return the log-probabilities (N, K) of the scaled logits, in the world that training showed."""
        return scale_logits(self.predictions.logits, scale)


@dataclass(frozen=True)
class Pool:
    """How logits are combined.

    Attributes
    ----------
    scales : (M,) float
        What each member's logits are multiplied by.
    weights : (M,) float
        What each member's log-probabilities count; they sum to 1.
    """

    scales: Floats
    weights: Floats

    def combine(self, logits: Sequence[NDArray[np.floating]]) -> Floats:
        """Return the weighted mean (N, K) of the log-probabilities of the members' logits, (N, K) each."""
        log_probs = [scale_logits(each, scale) for each, scale in zip(logits, self.scales, strict=True)]
        return np.asarray(np.tensordot(self.weights, np.stack(log_probs), axes=1))


@dataclass(frozen=True)
class Combination:
    """The combined logits of an ensemble.

    Attributes
    ----------
    logits : (N, K) float
        Those of validation images are of a pool that was fitted to other groups.
    pool
        The pool that was fitted to all of validation, of which all other logits are.
    prior_shift : (K,) float
        The mean of the members'.
    """

    logits: NDArray[np.floating]
    pool: Pool
    prior_shift: Floats


def scale_logits(logits: NDArray[np.floating], scale: float) -> Floats:
    """Return the log-probabilities (N, K) of scaled logits."""
    return np.asarray(log_softmax(scale * logits.astype(np.float64), axis=1))


def combine_members(
    members: Sequence[Member], weights: Weights, calibration: CalibrationMethod | Literal["auto"]
) -> Combination:
    """Combine the logits of the members; those of a single member stay as they are, to the bit.

    Parameters
    ----------
    members
        At least one.
    weights
        equal, or fitted to the validation images.
    calibration
        As in `fit_best_calibration`.
    """
    if len(members) == 1:
        return Combination(members[0].predictions.logits, Pool(np.ones(1), np.ones(1)), members[0].prior_shift)
    images, y_true = members[0].predictions.images, members[0].predictions.y_true
    is_val = (images.split == "val").to_numpy()
    val = [member.keep(is_val) for member in members]
    methods = [choose_method(member, calibration) for member in val]
    pool = fit_pool(val, weights, methods)
    raw = [member.predictions.logits for member in members]
    logits = pool.combine(raw)
    folds = np.full(len(images), -1)
    folds[is_val] = divide_validation(images.group_id[is_val], y_true[is_val])
    for fold in np.unique(folds[is_val]):
        out = folds == fold
        fitted = fit_pool([member.keep(is_val & ~out) for member in members], weights, methods)
        logits[out] = fitted.combine([each[out] for each in raw])
    return Combination(logits.astype(np.float32), pool, average_prior_shift(members, pool.weights))


def choose_method(member: Member, calibration: CalibrationMethod | Literal["auto"]) -> CalibrationMethod:
    """Choose the calibration of a member on all of validation.

    It is not chosen anew for each fold: near the least number of groups that a method needs, the folds would choose
    another one, and validation and test images would be combined at different temperatures. A scale and a shift for
    each class (`vector`) would change which class the member calls an image; `prior_and_temperature` stands for it.
    """
    if len(member.predictions.y_true) == 0:
        return "none"
    method = fit_best_calibration(member.predictions, calibration, prior_shift=member.prior_shift).method
    return "prior_and_temperature" if method == "vector" else method


def fit_pool(members: Sequence[Member], weights: Weights, methods: Sequence[CalibrationMethod]) -> Pool:
    """Calibrate each member on its images, of validation, and weigh the members; without any, fit nothing."""
    M = len(members)
    if len(members[0].predictions.y_true) == 0:
        return Pool(np.ones(M), np.full(M, 1 / M))
    scales = np.array([fit_scale(member, method) for member, method in zip(members, methods, strict=True)])
    equal = np.full(M, 1 / M)
    if weights == "equal":
        return Pool(scales, equal)
    log_probs = np.stack([member.log_prob(scale) for member, scale in zip(members, scales, strict=True)])
    first, prior_shift = members[0].predictions, average_prior_shift(members, equal)
    return Pool(scales, fit_weights(log_probs, first.y_true, first.images.group_id, prior_shift=prior_shift))


def fit_scale(member: Member, method: CalibrationMethod) -> float:
    """Return the scale of a member's calibration, the inverse of its temperature."""
    val = member.predictions
    scale, _ = fit_calibration(val.logits, val.y_true, method, prior_shift=member.prior_shift)
    return float(scale[0])


def fit_weights(log_probs: Floats, y_true: NDArray[np.int64], group_id: pd.Series, *, prior_shift: Floats) -> Floats:
    """Fit the weights (M,) that minimise the mean log loss of groups.

    The probabilities are softmax(Σ a_m log p_m + b s) with the prior shift s, and the weights are a / Σ a. How sure
    the mean should be, Σ a, and how much of the prior shift is undone, b, are fitted with them, because the
    calibration of the ensemble fits the same. With the shift inside of each log p_m, several members would count the
    prior several times, and the best of them would get all the weight. The problem is convex.

    Parameters
    ----------
    log_probs : (M, N, K) float
        The log-probabilities of each member, in the world that training showed.
    y_true : (N,) int
    group_id : (N,)
    prior_shift : (K,) float
    """
    M, N, K = log_probs.shape
    G = group_id.nunique()
    penalty = HELD_TO_EQUAL / G
    share = 1 / (G * group_id.map(group_id.value_counts()).to_numpy())
    terms = np.concatenate([log_probs, np.broadcast_to(prior_shift, (1, N, K))])
    of_truth = terms[:, np.arange(N), y_true]
    start = np.append(np.full(M, 1 / M), 1.0)

    def objective(factors: Floats) -> tuple[float, Floats]:
        """Return the penalised log loss, and its gradient (M + 1,)."""
        pooled = np.tensordot(factors, terms, axes=1)
        loss = share @ (logsumexp(pooled, axis=1) - factors @ of_truth)
        expected = np.einsum("nk,mnk->mn", softmax(pooled, axis=1), terms)
        unequal = np.append(factors[:M] - factors[:M].mean(), 0.0)
        gradient = (expected - of_truth) @ share + penalty * unequal
        return float(loss + 0.5 * penalty * unequal @ unequal), gradient

    bounds = [(0.0, np.exp(LARGEST_LOG_SCALE))] * M + [(0.0, 2.0)]
    factors = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x[:M]
    return factors / factors.sum() if factors.sum() > 0 else start[:M]


def average_prior_shift(members: Sequence[Member], weights: Floats) -> Floats:
    """Return the weighted mean (K,) of the members' prior shifts."""
    return weights @ np.stack([member.prior_shift for member in members])
