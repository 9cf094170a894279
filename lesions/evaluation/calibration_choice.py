"""Choose a calibration by the log loss of images that did not fit it: other groups of validation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.calibration import fit_calibration
from lesions.evaluation.parameters import CalibrationMethod
from lesions.evaluation.reliability import compute_image_losses, score_reliability
from lesions.tables.predictions import Predictions

Floats = NDArray[np.float64]

METHODS: tuple[CalibrationMethod, ...] = get_args(CalibrationMethod)

NUM_FOLDS = 5
"""Parts into which the groups of validation are divided."""

MIN_GROUPS_TO_CHOOSE = 10
"""With fewer groups of validation, `auto` applies nothing: their spread says nothing of how sure a difference is."""

MIN_GROUPS_TO_RESCALE = 60
"""With fewer groups of validation, `auto` passes over temperature and vector. They follow the few images so closely
that one mistake on test can cost more than they gain; cross-fitting does not see the mistakes that are not there."""

MIN_GROUPS_OF_CLASS = 10
"""Where a class has fewer groups, `auto` passes over vector, which fits two numbers to each class."""

SHIFTED = 1e-6
"""A prior shift whose values differ by less is none."""


@dataclass(frozen=True)
class FittedCalibration:
    """A calibration, and what the candidates for it were worth on images that did not fit them.

    Attributes
    ----------
    method
        The method, chosen or named.
    scale, shift : (K,) float
        Fitted on all images of validation.
    out_of_fold : (N, K) float
        The validation images' logits, each calibrated by the images of the other folds.
    log_losses
        The cross-fitted log loss of each candidate, in nats.
    passed_over
        The methods that `auto` did not consider.
    num_folds
        Fewer than `NUM_FOLDS` if there are fewer groups.
    num_groups, num_groups_of_rarest_class
        Groups of validation, and those of them that have an image of the class that the fewest have.
    """

    method: CalibrationMethod
    scale: Floats
    shift: Floats
    out_of_fold: Floats
    log_losses: Mapping[CalibrationMethod, float]
    passed_over: tuple[CalibrationMethod, ...]
    num_folds: int
    num_groups: int
    num_groups_of_rarest_class: int


def fit_best_calibration(
    val: Predictions, method: CalibrationMethod | Literal["auto"], *, prior_shift: Floats
) -> FittedCalibration:
    """Fit a named method, or the one with the lowest cross-fitted log loss, to the raw logits of validation.

    Of `auto`'s candidates, the one that fits the fewest numbers is taken whose log loss is within one standard error
    of the lowest: nothing is applied that does not help.
    """
    group_id = val.images.group_id
    num_groups = group_id.nunique()
    by_class = group_id.groupby(val.y_true).nunique().reindex(range(len(val.classes)), fill_value=0)
    rarest = int(by_class.min())
    candidates: list[CalibrationMethod] = list(dict.fromkeys(("none", method))) if method != "auto" else []
    candidates = candidates or list_candidates(num_groups, rarest, prior_shift=prior_shift)
    folds = divide_validation(group_id, val.y_true)
    crossed = {name: calibrate_out_of_fold(val, name, folds, prior_shift=prior_shift) for name in candidates}
    losses = {name: compute_image_losses(val.y_true, logits) for name, logits in crossed.items()}
    chosen = choose_method(losses, group_id) if method == "auto" else method
    scale, shift = fit_calibration(val.logits, val.y_true, chosen, prior_shift=prior_shift)
    return FittedCalibration(
        chosen,
        scale,
        shift,
        crossed[chosen],
        log_losses={name: float(each.mean()) for name, each in losses.items()},
        passed_over=tuple(name for name in METHODS if name not in candidates) if method == "auto" else (),
        num_folds=int(folds.max()) + 1,
        num_groups=num_groups,
        num_groups_of_rarest_class=rarest,
    )


def describe_calibration(fitted: FittedCalibration) -> str:
    """Say which method was fitted, what each candidate was worth, and where validation is too small to tell."""
    losses = ", ".join(f"{name} {loss:.3f}" for name, loss in fitted.log_losses.items())
    sentence = (
        f"The calibration is {fitted.method}; log loss on validation, cross-fitted over {fitted.num_folds} folds of "
        f"{fitted.num_groups:,} groups: {losses}."
    )
    rarest = fitted.num_groups_of_rarest_class
    if fitted.passed_over == METHODS[1:]:
        sentence += " Validation has too few groups to choose another by."
    elif "temperature" in fitted.passed_over:
        sentence += f" With fewer than {MIN_GROUPS_TO_RESCALE} groups, temperature and vector are not considered."
    elif "vector" in fitted.passed_over:
        sentence += f" As the rarest class has {rarest} groups, vector is not considered."
    if rarest < NUM_FOLDS:
        sentence += f" There are images of the rarest class in {rarest} of the folds at most."
    return sentence


def summarise_calibration(
    fitted: FittedCalibration, raw: Mapping[str, Predictions], prior_shift: Floats
) -> dict[str, Any]:
    """Return the method, what each candidate was worth on validation, and what raw logits are worth.

    Parameters
    ----------
    raw
        The raw predictions of each split that is scored.
    prior_shift : (K,)
        What would undo the prior of training.
    """
    before = {
        f"{split}_{name}_before": value
        for split, predictions in raw.items()
        for name, value in score_reliability(predictions.y_true, predictions.logits).items()
    }
    return {
        "method": fitted.method,
        "shifts_prior": shifts_prior(prior_shift),
        "num_folds": fitted.num_folds,
        "num_groups_of_rarest_class": fitted.num_groups_of_rarest_class,
        "val_log_loss_cross_fitted": fitted.log_losses,
        **before,
    }


def list_candidates(
    num_groups: int, num_groups_of_rarest_class: int, *, prior_shift: Floats
) -> list[CalibrationMethod]:
    """Return the methods that `auto` compares, those that fit fewer numbers first."""
    passed_over = set()
    if num_groups < MIN_GROUPS_TO_RESCALE:
        passed_over |= {"temperature", "vector"}
    if num_groups_of_rarest_class < MIN_GROUPS_OF_CLASS:
        passed_over |= {"vector"}
    if num_groups < MIN_GROUPS_TO_CHOOSE or not shifts_prior(prior_shift):
        passed_over |= {"prior_and_temperature"}
    return [method for method in METHODS if method not in passed_over]


def shifts_prior(prior_shift: Floats) -> bool:
    """Return whether training shifted the frequencies of the classes, from what would undo that, (K,)."""
    return bool(np.ptp(prior_shift) >= SHIFTED)


def divide_validation(group_id: pd.Series, y_true: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the fold of each image, (N,): whole groups, with the diagnoses dealt out evenly.

    The folds do not depend on the order of the images.
    """
    codes, names = pd.factorize(group_id, sort=True)
    main = pd.crosstab(codes, y_true).to_numpy().argmax(axis=1)
    order = np.random.default_rng(0).permutation(len(names))
    fold = np.empty(len(names), dtype=np.int64)
    fold[order[np.argsort(main[order], kind="stable")]] = np.arange(len(names)) % NUM_FOLDS
    return np.asarray(fold[codes])


def calibrate_out_of_fold(
    val: Predictions, method: CalibrationMethod, folds: NDArray[np.int64], *, prior_shift: Floats
) -> Floats:
    """Return logits (N, K), each calibrated by the images of the other folds."""
    crossed = np.empty(val.logits.shape)
    for fold in np.unique(folds):
        out = folds == fold
        scale, shift = fit_calibration(val.logits[~out], val.y_true[~out], method, prior_shift=prior_shift)
        crossed[out] = val.logits[out] * scale + shift
    return crossed


def choose_method(losses: Mapping[CalibrationMethod, Floats], group_id: pd.Series) -> CalibrationMethod:
    """Return the first method whose mean loss exceeds the lowest by at most one standard error over groups.

    Parameters
    ----------
    losses
        The losses (N,) of the images, by method, those that fit fewer numbers first.
    group_id : (N,)
    """
    lowest = min(losses, key=lambda name: float(losses[name].mean()))
    return next(
        name
        for name, each in losses.items()
        if (each - losses[lowest]).mean() <= _estimate_error(each - losses[lowest], group_id)
    )


def _estimate_error(values: Floats, group_id: pd.Series) -> float:
    """Return the standard error over groups of the mean of values (N,)."""
    deviations = sum_by_group(values - values.mean(), group_id)
    # One group says nothing of how much groups differ.
    G = len(deviations)
    return float(np.sqrt(G / (G - 1) * (deviations**2).sum()) / len(values)) if G > 1 else np.inf
