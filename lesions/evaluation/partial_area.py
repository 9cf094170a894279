"""The area under the ROC curve of malignancy above a sensitivity of 0.8, the score of the ISIC 2024 challenge.

It is the specificity, integrated over the sensitivities from 0.8 to 1: from 0 to 0.2, and 0.02 by chance. The
challenge computes it as a partial area of the mirrored curve (McClish 1989, doi 10.1177/0272989X8900900307;
https://www.kaggle.com/competitions/isic-2024-challenge).
"""

from math import isnan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.interval import Estimate, bound_varied
from lesions.evaluation.linear import estimate_linear
from lesions.evaluation.ranking import compute_roc_curve

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST_SENSITIVITY = 0.8

WIDTH = 1 - LEAST_SENSITIVITY
"""The largest area that there can be."""

ROUNDING = 1e-12


def estimate_partial_area(malignant: Flags, probability: Floats, group_id: pd.Series) -> dict[str, Estimate]:
    """Estimate the area above a sensitivity of 0.8, with its 95 % interval over groups.

    Nothing is estimated if no image is malignant, or all are.

    Parameters
    ----------
    malignant, probability, group_id : (N,)
    """
    if malignant.all() or not malignant.any():
        return {}
    area = compute_partial_area(malignant, probability)
    found = estimate_linear(area, sum_by_group(compute_partial_area_influences(malignant, probability), group_id))
    if isnan(found.low):
        return {"partial_roc_auc": found}
    # As a share of what it can be, it has the interval of a proportion, which covers better where it is skewed.
    low, high = bound_varied(area / WIDTH, (found.high - area) / WIDTH)
    return {"partial_roc_auc": Estimate(area, WIDTH * low, WIDTH * high)}


def compute_partial_area(malignant: Flags, probability: Floats) -> float:
    """Return the area; arguments as for `estimate_partial_area`."""
    missed, specificity = compute_roc_curve(~malignant, -probability)
    is_before = missed <= WIDTH
    end = np.interp(WIDTH, missed, specificity)
    return float(np.trapezoid(np.append(specificity[is_before], end), np.append(missed[is_before], WIDTH)))


def compute_partial_area_influences(malignant: Flags, probability: Floats) -> Floats:
    """Return the influence (N,) of each image on the area; arguments as for `estimate_partial_area`.

    The area is the share of benign images below a malignant one, summed over the fifth of the malignant images that
    has the lowest probabilities. Each malignant image also moves the border of that fifth.
    """
    num_malignant, num_benign = malignant.sum(), (~malignant).sum()
    _, rank = np.unique(probability, return_inverse=True)
    malignant_at, benign_at = (np.bincount(rank, weights=side) for side in (malignant, ~malignant))
    upper = malignant_at.cumsum() / num_malignant
    lower = upper - malignant_at / num_malignant
    counted = np.clip(WIDTH - lower, 0, upper - lower)
    # Of images with one probability at the border, a part counts; the curve between them is straight.
    part = np.divide(counted, upper - lower, out=np.zeros_like(counted), where=upper > lower)
    before = (benign_at.cumsum() - benign_at) / num_benign
    share_below, share_at_end = before + part * benign_at / num_benign / 2, before + part * benign_at / num_benign
    area = float(counted @ share_below)
    at_border = share_at_end[np.flatnonzero(upper >= WIDTH - ROUNDING)[0]]
    on_malignant = part * (share_below - at_border) - (area - WIDTH * at_border)
    above = WIDTH - counted.cumsum() + counted * part / 2
    return np.where(malignant, on_malignant[rank] / num_malignant, (above - area)[rank] / num_benign)
