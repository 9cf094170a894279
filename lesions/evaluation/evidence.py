"""What the groups of each diagnosis say about a metric where its resamples say too little.

Near 1, resamples hardly vary, because no test image is of the kind that would be misclassified or ranked last. How
common such images can be is known from the number of groups of each diagnosis alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.binomial import TAIL, bound_by_trials, bound_mean, bound_proportions
from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.ranking import compute_average_precision, compute_roc_area

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

AT_STAKE = {"macro_f1": 0.85, "weighted_f1": 0.85, "macro_roc_auc": 0.25, "mean_average_precision": 1.0}
"""How much of a diagnosis's score depends on one group, as a share of what it would be for its recall.

A group that is not recognised takes its whole share of the recall, but is rarely ranked below all other images. The
shares were chosen by `benchmarks.simulate_coverage`.
"""

WEAK_PRECISION, FEW_GROUPS_FOR_PRECISION = 0.9, 3
"""A mean average precision below the first, with fewer groups of a diagnosis than the second, is not to be trusted.

So few images rank high by chance, and the precision is higher than in the population: its interval is too high.
"""

NUM_SIDES = 2
"""Classes of a task whose ROC areas are one and the same: what speaks for one speaks against the other."""

RANKINGS = ("macro_roc_auc", "mean_average_precision")


@dataclass(frozen=True)
class Evidence:
    """The evidence of groups about one metric of one model, or about a difference.

    Attributes
    ----------
    contributions : (G,) float
        What each group contributes to the value, which is their sum.
    below, above : float
        How far the interval reaches below and above the value: exactly, or at least.
    is_exact
        Whether the interval reaches exactly so far, whatever the resamples are.
    unseen
        How far the true value can be from a value that is the same in all resamples.
    fingerprint
        Equal for the same predictions, whose difference is zero by construction; None if unknown.
    """

    contributions: Floats
    below: float
    above: float
    is_exact: bool
    unseen: float
    fingerprint: int | None = None

    def __sub__(self, other: "Evidence") -> "Evidence":
        """Return the evidence about the difference of two models on the same groups."""
        is_same = self.fingerprint is not None and self.fingerprint == other.fingerprint
        unseen = 0.0 if is_same else max(self.unseen, other.unseen)
        return Evidence(self.contributions - other.contributions, 0, 0, is_exact=False, unseen=unseen)

    @property
    def smallest_p_value(self) -> float:
        """The smallest two-sided p-value that the groups allow.

        If n groups contribute equally, all in the same direction, then that happens by chance with a probability of
        2 / 2^n (the sign test). n is (Σ|c|)² / Σc² for contributions c, which is less if they are unequal.
        """
        squares = float((self.contributions**2).sum())
        n = float(np.abs(self.contributions).sum()) ** 2 / squares if squares else 0
        return min(1.0, 2.0 ** (1 - n))


def average_evidence(repeats: Sequence[Evidence]) -> Evidence:
    """Return the evidence about the mean of several runs on the same groups."""
    return Evidence(
        np.mean([repeat.contributions for repeat in repeats], axis=0),
        float(np.mean([repeat.below for repeat in repeats])),
        float(np.mean([repeat.above for repeat in repeats])),
        is_exact=all(repeat.is_exact for repeat in repeats),
        unseen=float(np.mean([repeat.unseen for repeat in repeats])),
        fingerprint=hash(tuple(repeat.fingerprint for repeat in repeats)),
    )


def weigh_proportions(hits: Floats, members: Floats) -> Evidence:
    """Weigh the evidence about the mean proportion of hits over several sets of images, (G, C) each."""
    part, low, high = bound_proportions(hits, members)
    mean, lowest, highest = bound_mean(part, low, high)
    contributions = (hits / members.sum(axis=0)).mean(axis=1)
    weights = np.full(len(part), 1 / len(part))
    return Evidence(contributions, mean - lowest, highest - mean, True, _bound_unseen(members, weights))


def weigh_evidence(
    y_true: NDArray[np.int64],
    y_prob: Floats,
    y_pred: NDArray[np.int64],
    group_id: pd.Series,
    *,
    influences: Mapping[str, Floats],
) -> dict[str, Evidence]:
    """Weigh the evidence about each metric of `lesions.evaluation.scores`.

    A model that gives all images the same probabilities has scores that no other test images would change: they need
    no interval beyond what the resamples show.

    Parameters
    ----------
    y_true, y_pred, group_id : (N,)
    y_prob : (N, K) float
    influences
        The influence of each group (G,) on each metric that is defined.
    """
    classes = np.unique(y_true)
    truth = y_true[:, None] == classes
    is_hit = (y_pred == y_true)[:, None]
    members, hits = (sum_by_group(side.astype(float), group_id) for side in (truth, truth & is_hit))
    sizes = members.sum(axis=1, keepdims=True)
    evidence = {
        "accuracy": weigh_proportions(hits.sum(axis=1, keepdims=True), sizes),
        "balanced_accuracy": weigh_proportions(hits, members),
    }
    for metric, values in _score_each_class(truth, y_prob[:, classes], y_pred[:, None] == classes).items():
        weights = members.sum(axis=0) / len(y_true) if metric == "weighted_f1" else np.ones(len(values)) / len(values)
        is_one_area = metric == "macro_roc_auc" and y_prob.shape[1] == NUM_SIDES
        evidence[metric] = _weigh_mean(
            metric, values, weights, members, influences[metric], sizes=sizes, order=1 if is_one_area else 2
        )
    # Calling all of these images the same is not enough: with other images, the model may call others.
    gives_one_answer = len(classes) > 1 and (y_prob == y_prob[0]).all() and (y_pred == y_pred[0]).all()
    for metric in ("balanced_accuracy", "macro_f1", "weighted_f1", *RANKINGS) if gives_one_answer else ():
        evidence[metric] = replace(evidence[metric], below=0, above=0)
        # F1 changes with the shares of the classes: it has the interval of the resamples, if these differ.
        if "f1" not in metric:
            evidence[metric] = replace(evidence[metric], unseen=0, is_exact=True)
    fingerprint = hash((y_prob.tobytes(), y_pred.tobytes()))
    return {metric: replace(one, fingerprint=fingerprint) for metric, one in evidence.items()}


def weigh_area(area: float, truth: Flags, group_id: pd.Series, *, influences: Floats) -> Evidence:
    """Weigh the evidence about the area under the ROC curve of one class, the `truth` (N,), against the rest.

    Parameters
    ----------
    influences
        The influence of each group (G,) on the area.
    """
    members = sum_by_group(truth[:, None].astype(float), group_id)
    sizes = sum_by_group(np.ones((len(truth), 1)), group_id)
    return _weigh_mean("macro_roc_auc", np.array([area]), np.ones(1), members, influences, sizes=sizes)


def _score_each_class(truth: Flags, probability: Floats, called: Flags) -> dict[str, Floats]:
    """Compute the scores (C,) of the classes that have images, from (N, C) each."""
    f1 = 2 * (truth & called).sum(axis=0) / (truth.sum(axis=0) + called.sum(axis=0))
    scores = {"macro_f1": f1, "weighted_f1": f1}
    if truth.shape[1] > 1:
        for metric, compute in (
            ("macro_roc_auc", compute_roc_area),
            ("mean_average_precision", compute_average_precision),
        ):
            scores[metric] = np.array([compute(*side) for side in zip(truth.T, probability.T, strict=True)])
    return scores


def _weigh_mean(
    metric: str,
    values: Floats,
    weights: Floats,
    members: Floats,
    influences: Floats,
    *,
    sizes: Floats,
    order: Literal[1, 2] = 2,
) -> Evidence:
    """Weigh the evidence about a weighted mean of the scores (C,) of classes, with the members (G, C) of each.

    Parameters
    ----------
    sizes : (G, 1) float
        The images of each group.
    order
        The norm of what the classes add to the reach of the interval: 2 if their scores vary independently, 1 if they
        are one and the same score.
    """
    if metric in RANKINGS:
        # A class is ranked against the rest: the score depends on the groups of the smaller of the two sides.
        rest = sizes - members
        members = np.where((members > 0).sum(axis=0) <= (rest > 0).sum(axis=0), members, rest)
    low, high = bound_by_trials(values.clip(0, 1), (members > 0).sum(axis=0).astype(float))
    below, above = (
        AT_STAKE[metric] * float(np.linalg.norm(weights * side, order)) for side in (values - low, high - values)
    )
    contributions = influences + members @ (weights * values / members.sum(axis=0))
    return Evidence(contributions, below, above, False, _bound_unseen(members, weights, order))


def _bound_unseen(members: Floats, weights: Floats, order: Literal[1, 2] = 2) -> float:
    """Bound a weighted mean of parts, each of which is 0 in all groups of its set, (G, C)."""
    return float(np.linalg.norm(weights * (1 - TAIL ** (1 / (members > 0).sum(axis=0))), order))


def list_overrated_classes(precision: float, y_true: NDArray[np.int64], group_id: pd.Series) -> list[int]:
    """List the classes whose few groups make the interval of a mean average precision too high.

    Parameters
    ----------
    precision
        The mean average precision.
    y_true, group_id : (N,)
    """
    if precision >= WEAK_PRECISION:
        return []
    num_groups = group_id.groupby(y_true).nunique()
    return [int(code) for code in num_groups.index[num_groups < FEW_GROUPS_FOR_PRECISION]]
