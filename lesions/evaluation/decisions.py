"""Decide malignant or benign: the operating point, and the net benefit of acting on it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp

from lesions.evaluation.interval import Estimate
from lesions.evaluation.proportions import estimate_proportions
from lesions.tables.predictions import Predictions

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NUM_THRESHOLDS = 100
"""Threshold probabilities are 1 / 100, 2 / 100, … 99 / 100."""


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


def choose_threshold(malignant: Flags, probability: Floats, sensitivity: float) -> float:
    """Return the highest threshold that reaches a sensitivity; an image at the threshold counts as malignant.

    Parameters
    ----------
    malignant, probability : (N,)
        Of the validation images.
    """
    ranked = np.sort(probability[malignant])[::-1]
    # Floating-point error must not turn 0.95 of 20 into more than 19.
    needed = int(np.ceil(round(sensitivity * len(ranked), 9)))
    return float(ranked[max(needed, 1) - 1])


def score_decisions(malignant: Flags, called: Flags, group_id: pd.Series) -> dict[str, Estimate]:
    """Compute sensitivity, specificity, PPV and NPV with intervals over groups; omit those whose denominator is 0.

    Parameters
    ----------
    malignant, called : (N,) bool
        Whether each test image is malignant, and whether it is called malignant.

    Returns
    -------
    sensitivity, specificity
        The share of malignant images called malignant, and of benign images called benign.
    ppv, npv
        The share of images called malignant that are malignant, and of images called benign that are benign.
    """
    sets = {"sensitivity": malignant, "specificity": ~malignant, "ppv": called, "npv": ~called}
    members = {name: among for name, among in sets.items() if among.any()}
    estimates = estimate_proportions(called == malignant, list(members.values()), group_id)
    return dict(zip(members, estimates, strict=True))


def list_net_benefit(malignant: Flags, probability: Floats) -> Iterator[dict[str, Any]]:
    """Yield the points of a decision curve: net benefit against the threshold probability (Vickers and Elkin 2006).

    Net benefit is TP / N - FP / N * threshold / (1 - threshold). A threshold of 0.1 means that one missed malignancy
    is as bad as nine needless biopsies. Acting on all images and on none are listed for comparison.
    """
    for threshold in np.arange(1, NUM_THRESHOLDS) / NUM_THRESHOLDS:
        odds = threshold / (1 - threshold)
        for strategy, called in (
            ("the model", probability >= threshold),
            ("call all malignant", np.ones(len(malignant), dtype=bool)),
            ("call none malignant", np.zeros(len(malignant), dtype=bool)),
        ):
            benefit = (called & malignant).mean() - (called & ~malignant).mean() * odds
            yield {"strategy": strategy, "threshold": float(threshold), "net_benefit": float(benefit)}
