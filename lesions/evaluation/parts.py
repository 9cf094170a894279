"""Compare parts of the test images with the rest, by permuting which group of images has which attributes.

Under the hypothesis that the model is as good in each part, the attributes say nothing about which images of a
diagnosis it gets right. Groups of the same main diagnosis and about the same size are then exchangeable: each gets
all attributes of another one. The largest studentised difference of each permutation says how large the largest of so
many differences becomes by chance (Westfall and Young 1993, Resampling-Based Multiple Testing, algorithm 2.8). That
needs no spread to be estimated from two or three groups, and takes account of parts that overlap: "male" and "female"
are one test.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.permutation import adjust_for_largest, permute_groups

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Comparisons:
    """The differences between V parts of the test images and all other images.

    Attributes
    ----------
    difference, weighted_difference : (V,) float
        The mean difference in recall over the diagnoses that both sides have, each alike, and weighted by how many
        groups they have on both sides; 0 if there is no such diagnosis.
    p_value : (V,) float
        Two-sided, of the difference that is larger in standard errors.
    p_adjusted : (V,) float
        The p-value adjusted for all V parts.
    lowest_mean, lowest_share : float
        The lowest mean recall and the lowest share of hits of any part, by chance: medians over the permutations.
    """

    difference: Floats
    weighted_difference: Floats
    p_value: Floats
    p_adjusted: Floats
    lowest_mean: float
    lowest_share: float


@dataclass(frozen=True)
class _Scores:
    """The scores of V parts in each of R permutations.

    Attributes
    ----------
    difference, weighted_difference : (R, V) float
    ratio : (R, V) float
        The larger difference in standard errors, without its sign.
    lowest_mean, lowest_share : (R,) float
    """

    difference: Floats
    weighted_difference: Floats
    ratio: Floats
    lowest_mean: Floats
    lowest_share: Floats


def compare_parts(hits: Flags, diagnosis: Codes, parts: Flags, group_id: pd.Series, *, seed: int) -> Comparisons:
    """Compare each part of the images with all other images, within diagnoses.

    Parameters
    ----------
    hits : (N,) bool
    diagnosis : (N,) int
    parts : (N, V) bool
        Which images are in each part; no part is empty.
    group_id : (N,)
    """
    among = diagnosis[:, None] == np.unique(diagnosis)
    groups, _ = pd.factorize(group_id)
    recalls = _Recalls(hits, among, groups)
    # Products of matrices are several times faster on floats.
    inside = parts.astype(np.float64)
    observed = recalls.score(recalls.sum_inside(inside)[None])
    permuted = recalls.score(
        np.stack([recalls.sum_inside(inside[sources]) for sources in permute_groups(groups, among, seed=seed)])
    )
    p_value, p_adjusted = adjust_for_largest(observed.ratio[0], permuted.ratio)
    return Comparisons(
        observed.difference[0],
        observed.weighted_difference[0],
        p_value,
        p_adjusted,
        lowest_mean=float(np.median(permuted.lowest_mean)),
        lowest_share=float(np.median(permuted.lowest_share)),
    )


class _Recalls:
    """The recalls of each diagnosis inside and outside of parts of the images."""

    def __init__(self, hits: Flags, among: Flags, groups: Codes) -> None:
        members = among.astype(np.float64)
        recall = members.T @ hits / members.sum(axis=0)
        self.variance = recall * (1 - recall)
        residuals = members * (hits[:, None] - recall)
        sizes = sum_by_group(members, pd.Series(groups))[groups]
        pairs = self.variance @ (members * (sizes - 1)).sum(axis=0)
        # The products of the residuals of two images of a group show how alike such images are.
        products = (sum_by_group(residuals, pd.Series(groups)) ** 2).sum() - (residuals**2).sum()
        likeness = float(np.clip(products / pairs, 0, 1)) if pairs else 0.0
        effects = members * (1 + likeness * (sizes - 1))
        self.weights = np.concatenate([members, members * hits[:, None], effects], axis=1)
        self.sums = self.weights.sum(axis=0)

    def sum_inside(self, inside: Floats) -> Floats:
        """Sum images, hits and design effects of each diagnosis in each part, (N, V) of 0 or 1, to (V, 3K)."""
        return inside.T @ self.weights

    def score(self, sums: Floats) -> _Scores:
        """Score parts of the images by their sums, (R, V, 3K).

        The standard error is that of the hypothesis: a diagnosis has the same recall p everywhere, and the mean of n
        of its images has the variance p (1 - p) times the sum of their design effects / n².
        """
        num, num_hits, effects = np.split(sums, 3, axis=2)
        other_num, other_hits, other_effects = np.split(self.sums - sums, 3, axis=2)
        recall, other_recall = num_hits / np.maximum(num, 1), other_hits / np.maximum(other_num, 1)
        spread = effects / np.maximum(num, 1) ** 2 + other_effects / np.maximum(other_num, 1) ** 2
        shared = (num > 0) & (other_num > 0)
        by_groups = np.divide(1, spread, out=np.zeros_like(spread), where=shared)
        differences, ratios = [], []
        for weight in (shared.astype(np.float64), by_groups):
            difference = (weight * (recall - other_recall)).sum(axis=2)
            error = np.sqrt(weight**2 * spread @ self.variance)
            differences.append(difference / np.maximum(weight.sum(axis=2), np.finfo(float).tiny))
            ratios.append(np.divide(np.abs(difference), error, out=np.zeros_like(error), where=error > 0))
        return _Scores(
            difference=differences[0],
            weighted_difference=differences[1],
            ratio=np.maximum(*ratios),
            lowest_mean=(recall.sum(axis=2) / (num > 0).sum(axis=2)).min(axis=1),
            lowest_share=(num_hits.sum(axis=2) / num.sum(axis=2)).min(axis=1),
        )
