"""Significance tests of the difference between two models on the same images, in addition to the bootstrap."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import bdtr, ndtr

from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.influence import compute_area_influences
from lesions.tables.predictions import Predictions

Floats = NDArray[np.float64]


class SignTest(NamedTuple):
    """Groups in which one model has more images right than the other, and the exact two-sided p-value."""

    first_only: int
    second_only: int
    p_value: float


def compare_hits(first: NDArray[np.bool_], second: NDArray[np.bool_], group_id: pd.Series) -> SignTest:
    """Test exactly whether each of two models is right on more images than the other in equally many groups.

    This is a sign test over groups: a group counts once, for the model that is right on more of its images, however
    many more, because photographs of one lesion are not independent. It is no test of accuracy, which can even be the
    same if one model is ahead by one image in many groups and the other by many images in a few. With one image per
    group it is McNemar's test (1947), and one of accuracy.

    Parameters
    ----------
    first, second : (N,) bool
        Whether each model is right.
    group_id : (N,)
    """
    lead = sum_by_group(first.astype(float) - second, group_id)
    first_only, second_only = int((lead > 0).sum()), int((lead < 0).sum())
    discordant = first_only + second_only
    # Twice the smaller tail of the binomial distribution with probability 1/2; both tails may hold the middle.
    p_value = min(1.0, 2 * float(bdtr(min(first_only, second_only), discordant, 0.5)))
    return SignTest(first_only, second_only, p_value)


class DeLong(NamedTuple):
    """The difference between two areas under the ROC curve, its standard error and the two-sided p-value."""

    difference: float
    standard_error: float
    p_value: float


def compare_areas(y_true: NDArray[np.int64], first: Floats, second: Floats, *, group_id: pd.Series) -> DeLong:
    """Test whether two models have the same mean area under the ROC curve, each class against the rest.

    The variance is that of DeLong, DeLong and Clarke-Pearson (1988), with the contributions of each group's images
    summed first, as Obuchowski (1997) does for clusters. With two classes and one image per group this is DeLong's
    test. The p-value is at least 2 / 2^G for G groups.

    Parameters
    ----------
    y_true : (N,) int
    first, second : (N, K) float
        Probabilities.
    group_id : (N,)
    """
    classes = [k for k in np.unique(y_true) if (y_true != k).any()]
    difference = 0.0
    influences = np.zeros(group_id.nunique())
    for k in classes:
        truth = y_true == k
        (area, moved), (other_area, other_moved) = (
            compute_area_influences(truth, side[:, k]) for side in (first, second)
        )
        difference += (area - other_area) / len(classes)
        for side in (truth, ~truth):
            # The factor makes each side's variance unbiased.
            G = group_id[side].nunique()
            unbiased = np.sqrt(G / (G - 1)) if G > 1 else 1.0
            influences += unbiased * sum_by_group(side * (moved - other_moved), group_id) / len(classes)
    error = float(np.sqrt((influences**2).sum()))
    p_value = 2 * float(ndtr(-abs(difference) / error)) if error else float(difference == 0)
    # Of one group the variance is 0, and of few it says little: no p-value is below that of a sign test of them.
    return DeLong(difference, error, max(p_value, 2.0 ** (1 - len(influences))))


def compare_pairs(models: Mapping[str, Predictions]) -> dict[tuple[str, str], tuple[SignTest, DeLong]]:
    """Test each pair of models on the same images; each test's p-values are corrected after Holm for all pairs."""
    pairs = list(combinations(models, 2))
    tests = [_compare_pair(models[first], models[second]) for first, second in pairs]
    p_hits = correct_after_holm([hits.p_value for hits, _ in tests])
    p_areas = correct_after_holm([areas.p_value for _, areas in tests])
    return {
        pair: (hits._replace(p_value=p_hit), areas._replace(p_value=p_area))
        for pair, (hits, areas), p_hit, p_area in zip(pairs, tests, p_hits, p_areas, strict=True)
    }


def _compare_pair(first: Predictions, second: Predictions) -> tuple[SignTest, DeLong]:
    """Test on how many groups each model is right on more images, and how each ranks the images."""
    group_id = first.images.group_id
    return (
        compare_hits(first.y_pred == first.y_true, second.y_pred == second.y_true, group_id),
        compare_areas(first.y_true, first.y_prob, second.y_prob, group_id=group_id),
    )


def correct_after_holm(p_values: Sequence[float]) -> list[float]:
    """Correct the p-values of several tests for their number, controlling the family-wise error rate (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    steps = np.array(p_values)[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(1, np.maximum.accumulate(steps))
    return [float(value) for value in corrected]
