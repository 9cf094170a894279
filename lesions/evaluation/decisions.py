"""Malignant or not: the operating point, and what acting on it is worth."""

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
"""Threshold probabilities are its fractions."""


def merge_sides(predictions: Predictions, is_malignant: Sequence[bool]) -> Predictions:
    """Return the predictions with two classes, benign and malignant, whose probabilities are the sums of theirs."""
    side = np.array(is_malignant)
    merged = np.stack([logsumexp(predictions.log_prob[:, among], axis=1) for among in (~side, side)], axis=1)
    return Predictions(predictions.images, ("benign", "malignant"), side[predictions.y_true].astype(np.int64), merged)


def choose_threshold(malignant: Flags, probability: Floats, sensitivity: float) -> float:
    """Return the highest probability at and above which at least `sensitivity` of the malignant images lie.

    Parameters
    ----------
    malignant, probability : (N,)
        Of the validation images.
    """
    ranked = np.sort(probability[malignant])[::-1]
    # Rounding must not turn 0.95 of 20 into more than 19.
    needed = int(np.ceil(round(sensitivity * len(ranked), 9)))
    return float(ranked[max(needed, 1) - 1])


def score_decisions(malignant: Flags, called: Flags, group_id: pd.Series, *, seed: int = 0) -> dict[str, Estimate]:
    """Compute how often a call is right, with intervals over groups; what has nothing to divide by is left out.

    Parameters
    ----------
    malignant, called : (N,) bool
        What the test images are, and what they are called.

    Returns
    -------
    sensitivity, specificity
        Of the malignant images the part that is called so; of the others the part that is not.
    ppv, npv
        Of the images that are called malignant the part that is; of the others the part that is not.
    """
    sets = {"sensitivity": malignant, "specificity": ~malignant, "ppv": called, "npv": ~called}
    members = {name: among for name, among in sets.items() if among.any()}
    estimates = estimate_proportions(called == malignant, list(members.values()), group_id, seed=seed)
    return dict(zip(members, estimates, strict=True))


def list_net_benefit(malignant: Flags, probability: Floats) -> Iterator[dict[str, Any]]:
    """Yield the points of a decision curve: net benefit against the threshold probability (Vickers and Elkin 2006).

    At a threshold of 0.1 whoever acts holds one missed malignancy for as bad as nine needless biopsies. Net benefit
    is TP / N - FP / N * threshold / (1 - threshold), beside acting on everybody and on nobody.
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
