"""Net benefit of acting on the probability of malignancy (Vickers and Elkin 2006, doi 10.1177/0272989X06295361)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.interval import Estimate, leave_unbounded
from lesions.evaluation.linear import estimate_linear

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NUM_THRESHOLDS = 100
"""Threshold probabilities are 1 / 100, 2 / 100, … 99 / 100."""


def list_net_benefit(malignant: Flags, probability: Floats, group_id: pd.Series) -> Iterator[dict[str, Any]]:
    """Yield the points of a decision curve, with its pointwise 95 % band over groups.

    Net benefit is TP / N - FP / N * threshold / (1 - threshold). A threshold of 0.1 means that one missed malignancy
    is as bad as nine needless biopsies. Acting on all images and on none are listed for comparison. The bounds are
    None where they are not known: where groups do not differ, as where the model calls no image malignant. Acting on
    none has a benefit of 0 by definition.

    Parameters
    ----------
    malignant, probability, group_id : (N,)
    """
    for threshold in np.arange(1, NUM_THRESHOLDS) / NUM_THRESHOLDS:
        for strategy, called in (
            ("the model", probability >= threshold),
            ("call all malignant", np.ones(len(malignant), dtype=bool)),
        ):
            benefit = _estimate_mean(_benefit(malignant, called, threshold), group_id)
            yield {"strategy": strategy, "threshold": float(threshold), **_list_point(benefit)}
        none = _list_point(leave_unbounded(0.0))
        yield {"strategy": "call none malignant", "threshold": float(threshold), **none}


def estimate_benefit_at(
    malignant: Flags, probability: Floats, group_id: pd.Series, threshold: float
) -> dict[str, Estimate]:
    """Estimate the net benefit at one threshold that was named beforehand, and its lead over calling all malignant.

    Parameters
    ----------
    malignant, probability, group_id : (N,)
    threshold
        From 0 to below 1.
    """
    model, everything = (
        _benefit(malignant, called, threshold)
        for called in (probability >= threshold, np.ones(len(malignant), dtype=bool))
    )
    return {
        "net_benefit": _estimate_mean(model, group_id),
        "net_benefit_over_all": _estimate_mean(model - everything, group_id),
    }


def _benefit(malignant: Flags, called: Flags, threshold: float) -> Floats:
    """Return what each image (N,) contributes to the net benefit, which is their mean."""
    return (called & malignant) - (called & ~malignant) * threshold / (1 - threshold)


def _estimate_mean(values: Floats, group_id: pd.Series) -> Estimate:
    mean = float(values.mean())
    return estimate_linear(mean, sum_by_group(values - mean, group_id) / len(values))


def _list_point(benefit: Estimate) -> dict[str, float | None]:
    return {"net_benefit": benefit.value, **benefit.bounds}
