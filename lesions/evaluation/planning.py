"""Plan a test set: how many groups of each class it needs, if its groups are like those of this dataset."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, sqrt

import pandas as pd

from lesions.evaluation.expectation import Expectation
from lesions.evaluation.sample_size import (
    Clusters,
    compute_half_width,
    count_for_difference,
    count_for_half_width,
    find_difference,
    measure_clusters,
)


@dataclass(frozen=True)
class Need:
    """How many groups with images of a class a test set needs.

    Attributes
    ----------
    clusters
        How all images of the class in the dataset lie in groups.
    num_tested
        Groups of the present test images that have the class.
    num_needed
        Groups with the class that a test set needs; None if no number is enough.
    reached
        The half-width, or the difference found, that the present test images reach for this class; infinite without
        test images.
    """

    clusters: Clusters
    num_tested: int
    num_needed: int | None
    reached: float


@dataclass(frozen=True)
class Plan:
    """What a test set needs, and what the present test images reach for the mean over the classes."""

    needs: tuple[Need, ...]
    reached: float


def plan_half_width(images: pd.DataFrame, expected: Expectation, half_width: float, *, together: bool) -> Plan:
    """Plan a test set whose 95 % intervals have a half-width.

    Parameters
    ----------
    images
        group_id, split, and `label`, the code of the class, of all images of the dataset.
    together
        Whether the interval is of the mean over the classes; each class's may then be wider.
    """
    scores, K = expected.scores, len(expected.scores)
    each = half_width * sqrt(K) if together else half_width
    return _plan(
        images,
        [count_for_half_width(score, each) for score in scores],
        lambda trials: [
            compute_half_width(score, number) if number else inf for score, number in zip(scores, trials, strict=True)
        ],
        lambda trials, reached: sqrt(sum(width**2 for width in reached)) / K,
        likeness=expected.likeness,
    )


def plan_difference(images: pd.DataFrame, expected: Expectation, difference: float, *, together: bool) -> Plan:
    """Plan a test set that finds a true difference between two models, with the power of `sample_size.POWER`.

    Parameters
    ----------
    images
        As in `plan_half_width`.
    together
        Whether the difference is of the mean over the classes, and not of each class.
    """
    discordances = expected.discordances
    families = [discordances] * len(discordances) if together else [[one] for one in discordances]
    return _plan(
        images,
        [count_for_difference(family, difference) for family in families],
        lambda trials: [find_difference([one], [number]) for one, number in zip(discordances, trials, strict=True)],
        lambda trials, reached: find_difference(discordances, trials),
        likeness=expected.likeness,
    )


def _plan(
    images: pd.DataFrame,
    needed: Sequence[float],
    reach_each: Callable[[Sequence[float]], list[float]],
    reach_mean: Callable[[Sequence[float], Sequence[float]], float],
    *,
    likeness: float,
) -> Plan:
    """Turn independent images into groups.

    Parameters
    ----------
    needed
        The independent images of each class that a test set needs.
    reach_each, reach_mean
        Compute from the independent test images of each class what they reach for each class, and for their mean.
    """
    codes = range(len(needed))
    clusters = [measure_clusters(images.group_id[images.label == k]) for k in codes]
    test = images[images.split == "test"]
    tested = [int(test.group_id[test.label == k].nunique()) for k in codes]
    trials = [one.count_independent(number, likeness) for one, number in zip(clusters, tested, strict=True)]
    reached = reach_each(trials)
    needs = [
        Need(one, number, one.count_groups(wanted, likeness), at_present)
        for one, number, wanted, at_present in zip(clusters, tested, needed, reached, strict=True)
    ]
    return Plan(tuple(needs), reach_mean(trials, reached))
