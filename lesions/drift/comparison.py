"""Comparing two sets of images in one property by whole groups: distance, interval, and permutation test."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.drift.distances import EnergyShare, measure_distances
from lesions.evaluation.significance import correct_after_holm

Floats = NDArray[np.float64]

NUM_PERMUTATIONS = 1999
NUM_RESAMPLES = 1000
LEVEL = 0.05
NORMAL_QUANTILE = 1.96

MOST_IMAGES = 1000
"""Images of each set that are compared, of groups drawn at random: it takes the square of their number."""

MOST_PER_GROUP = 50
"""Images of each group that may be among them, so that they are of 20 groups at least, if there are as many."""


@dataclass(frozen=True)
class Difference:
    """How two sets differ in a property.

    Attributes
    ----------
    distance, low, high
        Between 0 and 1, less what chance adds to it, with its 95 % interval; both by resampling groups.
    by_chance
        95 % of permutations of the groups have at most this distance, without that correction.
    p_value
        The share of permutations in which the distance is as large.
    p_holm
        The same, corrected for the number of properties.
    num_reference, num_new
        Images of which the value is known, or as many of them as are compared.
    num_reference_groups, num_new_groups
        Their groups.
    """

    distance: float
    low: float
    high: float
    by_chance: float
    p_value: float
    p_holm: float
    num_reference: int
    num_new: int
    num_reference_groups: int
    num_new_groups: int

    @property
    def is_found(self) -> bool:
        """Whether the two sets differ by more than chance, all properties considered."""
        return self.p_holm < LEVEL


@dataclass(frozen=True)
class Values:
    """The values of one property.

    Attributes
    ----------
    values : (N,) or (N, F)
        Numbers, words, or vectors; missing where not known.
    group_id : (N,) text
    """

    values: pd.Series | Floats
    group_id: pd.Series

    def known(self) -> "Values":
        """Return what is known."""
        if isinstance(self.values, np.ndarray):
            return self
        is_known = self.values.notna()
        return Values(self.values[is_known], self.group_id[is_known])


def compare_all(pairs: Mapping[str, tuple[Values, Values]], *, seed: int = 0) -> dict[str, Difference]:
    """Compare the reference with the new images in each property, and correct the p-values together after Holm.

    Properties of which one side knows nothing are left out.
    """
    known = {name: (reference.known(), new.known()) for name, (reference, new) in pairs.items()}
    found = {
        name: compare(reference, new, seed=seed)
        for name, (reference, new) in known.items()
        if len(reference.group_id) and len(new.group_id)
    }
    corrected = correct_after_holm([each.p_value for each in found.values()])
    return {name: replace(each, p_holm=p) for (name, each), p in zip(found.items(), corrected, strict=True)}


def compare(reference: Values, new: Values, *, seed: int) -> Difference:
    """Compare two sets whose values are all known; `p_holm` is not corrected yet.

    Groups are exchangeable if there is no drift, and images are not: those of one patient or lesion are alike. So
    whole groups change sides in the permutations (Good 2005), and are drawn in the resamples.
    """
    reference, new = (_draw_some(side, seed=seed) for side in (reference, new))
    groups = np.concatenate([pd.factorize(side.group_id)[0] for side in (reference, new)])
    G, num_old = int(groups[: len(reference.group_id)].max()) + 1, len(reference.group_id)
    groups[num_old:] += G
    is_new = np.arange(groups.max() + 1) >= G
    distance = EnergyShare(measure_distances(_join(reference.values, new.values)), groups)
    chosen = is_new[None].astype(np.float64)
    measured = float(distance.measure(1 - chosen, chosen)[0])
    generator = np.random.default_rng(seed)
    permuted = _permute(distance, is_new, generator)
    resampled = _resample(distance, is_new, generator)
    p_value = float((1 + (permuted >= measured - 1e-9).sum()) / (1 + len(permuted)))
    less_chance, error = 2 * measured - resampled.mean(), NORMAL_QUANTILE * resampled.std(ddof=1)
    return Difference(
        distance=_limit(less_chance),
        low=_limit(less_chance - error),
        high=_limit(less_chance + error),
        by_chance=float(np.quantile(permuted, 0.95)),
        p_value=p_value,
        p_holm=p_value,
        num_reference=num_old,
        num_new=len(new.group_id),
        num_reference_groups=G,
        num_new_groups=len(is_new) - G,
    )


def _permute(distance: EnergyShare, is_new: NDArray[np.bool_], generator: np.random.Generator) -> Floats:
    """Return the distances (R,) where as many groups, chosen at random, are the new ones."""
    chosen = generator.permuted(np.tile(is_new, (NUM_PERMUTATIONS, 1)), axis=1).astype(np.float64)
    return distance.measure(1 - chosen, chosen)


def _resample(distance: EnergyShare, is_new: NDArray[np.bool_], generator: np.random.Generator) -> Floats:
    """Return the distances (R,) between resamples of the groups of either side."""
    weights = []
    for side in (~is_new, is_new):
        drawn = np.zeros((NUM_RESAMPLES, len(is_new)))
        drawn[:, side] = generator.multinomial(side.sum(), np.full(side.sum(), 1 / side.sum()), size=NUM_RESAMPLES)
        weights.append(drawn)
    return distance.measure(weights[0], weights[1])


def _draw_some(side: Values, *, seed: int) -> Values:
    """Return at most so many images, one group after the other; the last one may be cut."""
    generator = np.random.default_rng(seed)
    codes, names = pd.factorize(side.group_id)
    rank = np.argsort(generator.permutation(len(names)))
    images = pd.DataFrame({"rank": rank[codes], "draw": generator.random(len(codes))})
    drawn = images.sort_values(["rank", "draw"])
    few = drawn[drawn.groupby("rank").cumcount() < MOST_PER_GROUP]
    is_kept = images.index.isin(few.index[:MOST_IMAGES])
    return Values(side.values[is_kept], side.group_id[is_kept])


def _join(reference: pd.Series | Floats, new: pd.Series | Floats) -> pd.Series | Floats:
    if isinstance(reference, np.ndarray) and isinstance(new, np.ndarray):
        return np.concatenate([reference, new])
    assert isinstance(reference, pd.Series)
    assert isinstance(new, pd.Series)
    return pd.concat([reference, new])


def _limit(distance: float) -> float:
    return min(1.0, max(0.0, float(distance)))


def list_found(differences: Mapping[str, Difference]) -> list[str]:
    """Return the properties in which drift was found, the largest distance first."""
    found = [name for name, each in differences.items() if each.is_found]
    return sorted(found, key=lambda name: -differences[name].distance)
