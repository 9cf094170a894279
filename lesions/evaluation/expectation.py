"""What to expect of models on new images: what their validation images show, and assumptions for the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.sample_size import assume_discordance
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
