"""Combine the raw logits of several networks: the weighted mean of their log-probabilities.

Each member's logits are first divided by the temperature of its calibration, so that a network that is sure of
everything does not outvote the others. Its prior shift stays in: what is averaged are log-probabilities of the world
that training showed, so that the class with the highest mean is the one that balanced accuracy asks for. The mean has
the mean prior shift, and `evaluate` calibrates it as it does a network's logits.

Whatever is fitted, is fitted on validation. The combined logits of a validation image are therefore those of a fit to
the groups of other folds: no score on validation is of images that fitted the combination.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp, softmax

from lesions.evaluation.cross_fitting import assign_folds, fit_best_calibration
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
    name
        Its name.
    predictions
        Its raw logits; all members have the same images in the same order.
    prior_shift : (K,) float
        What would undo the prior of its training if it was added to its logits.
    """

    name: str
    predictions: Predictions
    prior_shift: Floats

    def keep(self, chosen: NDArray[np.bool_]) -> "Member":
        """Return the member for the chosen images, a mask (N,)."""
        return replace(self, predictions=self.predictions.keep(chosen))


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

    def combine(self, members: Sequence[Member]) -> Floats:
        """Return the weighted mean (N, K) of the members' log-probabilities."""
        scaled = [scale * member.predictions.logits for scale, member in zip(self.scales, members, strict=True)]
        return np.asarray(np.tensordot(self.weights, log_softmax(scaled, axis=2), axes=1))


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
    pool = fit_pool([member.keep(is_val) for member in members], weights, calibration)
    logits = pool.combine(members)
    folds = np.full(len(images), -1)
    folds[is_val] = assign_folds(images.group_id[is_val], y_true[is_val])
    for fold in np.unique(folds[is_val]):
        out = folds == fold
        fitted = fit_pool([member.keep(is_val & ~out) for member in members], weights, calibration)
        logits[out] = fitted.combine([member.keep(out) for member in members])
    prior_shift = pool.weights @ np.stack([member.prior_shift for member in members])
    return Combination(logits.astype(np.float32), pool, prior_shift)


def fit_pool(members: Sequence[Member], weights: Weights, calibration: CalibrationMethod | Literal["auto"]) -> Pool:
    """Calibrate each member on its images, which are of validation, and weigh the members; without any, fit nothing."""
    M = len(members)
    if len(members[0].predictions.y_true) == 0:
        return Pool(np.ones(M), np.full(M, 1 / M))
    fitted = [fit_member(member, calibration) for member in members]
    scales = np.array([scale for scale, _ in fitted])
    if weights == "equal":
        return Pool(scales, np.full(M, 1 / M))
    first = members[0].predictions
    log_probs = np.stack([log_prob for _, log_prob in fitted])
    return Pool(scales, fit_weights(log_probs, first.y_true, first.images.group_id))


def fit_member(member: Member, calibration: CalibrationMethod | Literal["auto"]) -> tuple[float, Floats]:
    """Return the scale of a member's calibration, and its calibrated log-probabilities (N, K).

    A scale and a shift for each class would change which class the member calls an image. Where that calibration is
    the best, the best one with a single scale stands for it.
    """
    val = member.predictions
    fitted = fit_best_calibration(val, calibration, prior_shift=member.prior_shift)
    if fitted.method == "vector":
        fitted = fit_best_calibration(val, "prior_and_temperature", prior_shift=member.prior_shift)
    return float(fitted.scale[0]), np.asarray(log_softmax(val.logits * fitted.scale + fitted.shift, axis=1))


def fit_weights(log_probs: Floats, y_true: NDArray[np.int64], group_id: pd.Series) -> Floats:
    """Fit the weights (M,) that minimise the mean log loss of groups.

    The probabilities are softmax(Σ a_m log p_m) with a_m ≥ 0, and the weights are a / Σ a: how sure the mean should be
    is left to the calibration of the ensemble. The problem is convex, and has one solution.

    Parameters
    ----------
    log_probs : (M, N, K) float
        The calibrated log-probabilities of each member.
    y_true : (N,) int
    group_id : (N,)
    """
    M, N, _ = log_probs.shape
    G = group_id.nunique()
    share = 1 / (G * group_id.map(group_id.value_counts()).to_numpy())
    equal, penalty = np.full(M, 1 / M), HELD_TO_EQUAL / G
    of_truth = log_probs[:, np.arange(N), y_true]

    def objective(factors: Floats) -> tuple[float, Floats]:
        """Return the penalised log loss, and its gradient (M,)."""
        pooled = np.tensordot(factors, log_probs, axes=1)
        loss = share @ (logsumexp(pooled, axis=1) - factors @ of_truth)
        expected = np.einsum("nk,mnk->mn", softmax(pooled, axis=1), log_probs)
        away = factors - equal
        return float(loss + 0.5 * penalty * away @ away), (expected - of_truth) @ share + penalty * away

    factors = minimize(objective, equal, jac=True, method="L-BFGS-B", bounds=[(0, None)] * M).x
    return factors / factors.sum() if factors.sum() > 0 else equal
