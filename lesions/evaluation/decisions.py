"""Score decisions of two sides: malignant or benign at a threshold, or one diagnosis against the rest."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp

from lesions.evaluation.interval import Estimate
from lesions.evaluation.proportions import estimate_proportions
from lesions.tables.predictions import Predictions

Flags = NDArray[np.bool_]


def merge_sides(predictions: Predictions, sides: Sequence[bool | None]) -> Predictions:
    """Return predictions of two classes, benign and malignant, for the images of classes that are either.

    The probability of malignancy is the sum over the malignant classes; that of all other classes counts against it,
    also of those that are neither.

    Parameters
    ----------
    sides
        Whether each class is malignant; None if it is neither malignant nor benign.
    """
    is_malignant = np.array([side is True for side in sides])
    has_side = np.array([side is not None for side in sides])
    counted = predictions.keep(has_side[predictions.y_true])
    merged = [logsumexp(counted.log_prob[:, among], axis=1) for among in (~is_malignant, is_malignant)]
    y_true = is_malignant[counted.y_true].astype(np.int64)
    return Predictions(counted.images, ("benign", "malignant"), y_true, np.stack(merged, axis=1))


def call_at(predictions: Predictions, threshold: float) -> Predictions:
    """Return predictions of benign and malignant that are called malignant from a threshold on."""
    called = (predictions.y_prob[:, 1] >= threshold).astype(np.int64)
    return Predictions(predictions.images, predictions.classes, predictions.y_true, predictions.logits, called)


def count_decisions(truth: Flags, called: Flags) -> dict[str, int]:
    """Return the four counts of a 2 x 2 table: of truth (N,) against what is called (N,)."""
    return {
        "num_true_positive": int((truth & called).sum()),
        "num_false_negative": int((truth & ~called).sum()),
        "num_false_positive": int((~truth & called).sum()),
        "num_true_negative": int((~truth & ~called).sum()),
    }


def score_decisions(
    malignant: Flags, called: Flags, group_id: pd.Series, *, calls_all: bool = False
) -> dict[str, Estimate]:
    """Compute sensitivity, specificity, PPV and NPV with intervals over groups; omit those whose denominator is 0.

    Parameters
    ----------
    malignant, called : (N,) bool
        Whether each test image is malignant, and whether it is called malignant; or of any other class.
    calls_all
        Whether every image is called so, whatever it shows: sensitivity and specificity are then known, and their
        bounds are their values.

    Returns
    -------
    sensitivity, specificity
        The share of malignant images called malignant, and of benign images called benign.
    ppv, npv
        The share of images called malignant that are malignant, and of images called benign that are benign.
    """
    sets = {"sensitivity": malignant, "specificity": ~malignant, "ppv": called, "npv": ~called}
    members = {name: among for name, among in sets.items() if among.any()}
    estimates = dict(
        zip(members, estimate_proportions(called == malignant, list(members.values()), group_id), strict=True)
    )
    known = {"sensitivity": Estimate(1.0, 1.0, 1.0), "specificity": Estimate(0.0, 0.0, 0.0)} if calls_all else {}
    return estimates | {name: known[name] for name in known if name in members}
