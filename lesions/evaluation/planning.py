"""Plan a test set: how many groups of each class it needs, if its groups are like those of this dataset."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.sample_size import (
    Clusters,
    assume_discordance,
    compute_half_width,
    count_for_difference,
    count_for_half_width,
    find_difference,
    measure_clusters,
)
from lesions.tables.predictions import Predictions

Floats = NDArray[np.float64]

MIN_PAIRS = 100
"""Fewest pairs of images of the same group and class that show how alike they are."""

ASSUMED_LIKENESS = 0.5
"""The likeness where there are fewer."""

ASSUMED_SCORE = 0.8
"""Where no validation image shows it."""


@dataclass(frozen=True)
class Experience:
    """What validation images show of some models.

    Attributes
    ----------
    likeness
        The correlation, between two images of the same group and class, of whether each is classified correctly;
        None if there are fewer than `MIN_PAIRS` pairs.
    recalls : (K,) float
        The mean over models of the share of each class that is classified correctly; NaN for a class without images.
    discordances : (K,) float
        The mean over pairs of models of the share of each class on which only one of the two is right; NaN for a
        class without images, and with a single model.
    """

    likeness: float | None
    recalls: Floats
    discordances: Floats


@dataclass(frozen=True)
class Expectation:
    """What a plan expects of the models.

    Attributes
    ----------
    scores : (K,)
        The share of each class that is classified correctly.
    discordances : (K,)
        The share of each class on which only one of two models is right.
    likeness
        As in `Experience`.
    notes
        What of it was measured and what is assumed, one sentence each.
    """

    scores: tuple[float, ...]
    discordances: tuple[float, ...]
    likeness: float
    notes: tuple[str, ...]


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


def learn_from_models(models: Sequence[Predictions]) -> Experience:
    """Measure what some models do on the same validation images."""
    y_true, group_id = models[0].y_true, models[0].images.group_id
    hits = np.stack([predicted.y_pred == y_true for predicted in models]).astype(float)
    lone = [(one != other).astype(float) for one, other in combinations(hits, 2)]
    classes = [y_true == k for k in range(len(models[0].classes))]

    def average(values: Floats) -> Floats:
        return np.array([values[:, among].mean() if among.any() and len(values) else np.nan for among in classes])

    return Experience(
        measure_likeness(hits, y_true, group_id), average(hits), average(np.reshape(lone, (-1, len(y_true))))
    )


def measure_likeness(hits: Floats, y_true: NDArray[np.int64], group_id: pd.Series) -> float | None:
    """Return the correlation of hits (M, N) of M models between images of the same group and class, or None.

    It is the mean product, over all such pairs of images, of their deviations from the class's share of hits, divided
    by the variance. It is at least 0.
    """
    products = variances = num_pairs = 0.0
    for k in np.unique(y_true):
        among = y_true == k
        sizes = sum_by_group(among[among], group_id[among])
        of_class = float((sizes * (sizes - 1)).sum())
        for model in hits[:, among]:
            off = model - model.mean()
            products += float((sum_by_group(off, group_id[among]) ** 2).sum() - (off**2).sum())
            variances += float((off**2).mean()) * of_class
        num_pairs += of_class / 2
    return min(1.0, max(0.0, products / variances)) if num_pairs >= MIN_PAIRS and variances else None


def expect(classes: Sequence[str], learnt: Experience | None, *, score: float | None) -> Expectation:
    """Return what to expect of the models: what validation images show, and assumptions where they show nothing.

    Parameters
    ----------
    score
        The score to expect of every class, whatever the validation images show; None for what they show.
    """
    K = len(classes)
    unknown = Experience(None, np.full(K, np.nan), np.full(K, np.nan))
    known = learnt or unknown
    likeness = ASSUMED_LIKENESS if known.likeness is None else known.likeness
    notes = [
        f"Whether two images of a group are classified correctly is assumed to correlate by {likeness}: there are "
        f"fewer than {MIN_PAIRS} such pairs of validation images with predictions."
        if known.likeness is None
        else f"Whether two validation images of a group are classified correctly correlates by {likeness:.2f}."
    ]
    # A score of exactly 0 or 1 among few images would need hardly any group.
    is_shown = (known.recalls > 0) & (known.recalls < 1)
    scores = np.where(is_shown, known.recalls, ASSUMED_SCORE) if score is None else np.full(K, score)
    if score is None and not is_shown.all():
        names = ", ".join(name for name, shown in zip(classes, is_shown, strict=True) if not shown)
        notes.append(
            f"A score of {ASSUMED_SCORE} is assumed for {names}: validation images show none between 0 and 1."
        )
    # How often two models differ on validation says nothing of models with another score.
    is_measured = (known.discordances > 0) & (score is None)
    discordances = np.where(is_measured, known.discordances, assume_discordance(scores))
    if not is_measured.all():
        names = ", ".join(name for name, measured in zip(classes, is_measured, strict=True) if not measured)
        notes.append(f"Two models are assumed to err independently of each other on {names}.")
    return Expectation(tuple(scores.tolist()), tuple(discordances.tolist()), likeness, tuple(notes))


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
