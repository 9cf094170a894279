"""Conformal prediction sets: the classes that an image may have, the true one among them as often as asked.

A class is in the set of an image if its probability is not lower than those that validation images of the class
usually get (Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a Random World; the p-values are crepes').
Images of one group are alike, and the guarantee needs independent ones: one image of each group calibrates. It is for
an image drawn at random from a new group, on average over validation sets.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from crepes import ConformalClassifier
from numpy.typing import NDArray

from lesions.evaluation.class_rules import ClassRule
from lesions.evaluation.interval import Estimate, list_estimates
from lesions.evaluation.proportions import estimate_proportions
from lesions.tables.predictions import Predictions

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class SetScores:
    """What prediction sets are worth on test images.

    Attributes
    ----------
    coverage
        The share of images whose true class is in their set.
    by_class
        The same among the images of each class that has any, by its code.
    mean_size
        The mean number of classes in a set.
    single, empty
        The share of images with exactly one class, and with none, in their set.
    """

    coverage: Estimate
    by_class: dict[int, Estimate]
    mean_size: float
    single: Estimate
    empty: Estimate


def calibrate_sets(val: Predictions, confidence: float, *, seed: int = 0) -> tuple[ClassRule, ...]:
    """Find when each class is in the set of an image.

    Parameters
    ----------
    val
        The validation images.
    confidence
        The share of images whose true class is to be in their set.
    seed
        Determines the image that is drawn from each group.
    """
    # With fewer, the class would be in every set.
    needed = ceil(round(1 / (1 - confidence), 9)) - 1
    own = [val.keep(val.y_true == k).draw_one_per_group(seed) for k in range(len(val.classes))]
    everything = val.draw_one_per_group(seed)
    rules = []
    for of_class in own:
        is_own = len(of_class.y_true) >= needed
        chosen = of_class if is_own else everything
        rules.append(ClassRule(find_smallest(_read_true(chosen), confidence), len(chosen.y_true), is_own))
    return tuple(rules)


def find_smallest(probability: Floats, confidence: float) -> float:
    """Return the smallest of the probabilities (n,) of calibrating images with which a class is in a set.

    It is 0, so that the class is in every set, if there are too few images.
    """
    if not len(probability):
        return 0.0
    # The last is lower than any probability.
    candidates = np.append(probability, -1.0)
    classifier = ConformalClassifier().fit(-probability)
    p_values = classifier.predict_p(-candidates[:, np.newaxis], smoothing=False)[:, 0]
    # Rounded, because 1 - 0.9 is less than 0.1.
    return max(0.0, float(candidates[p_values > round(1 - confidence, 9)].min()))


def build_sets(predictions: Predictions, rules: tuple[ClassRule, ...]) -> Flags:
    """Return which classes are in the set of each image, (N, K)."""
    return predictions.y_prob >= [rule.probability for rule in rules]


def score_sets(predictions: Predictions, rules: tuple[ClassRule, ...]) -> SetScores:
    """Score the sets of test images, with intervals over groups."""
    sets, group_id = build_sets(predictions, rules), predictions.images.group_id
    size = sets.sum(axis=1)
    everything = np.ones(len(size), dtype=bool)
    codes = [int(k) for k in np.unique(predictions.y_true)]
    covered = sets[np.arange(len(size)), predictions.y_true]
    among = [everything, *(predictions.y_true == k for k in codes)]
    coverage, *by_class = estimate_proportions(covered, among, group_id)
    (single,) = estimate_proportions(size == 1, [everything], group_id)
    (empty,) = estimate_proportions(size == 0, [everything], group_id)
    return SetScores(coverage, dict(zip(codes, by_class, strict=True)), float(size.mean()), single, empty)


def summarise_sets(rules: tuple[ClassRule, ...], scores: SetScores, confidence: float) -> dict[str, Any]:
    """Return the scores of prediction sets under flat names."""
    return {
        "confidence": confidence,
        "num_classes": len(rules),
        "num_classes_calibrated_alone": sum(rule.is_own for rule in rules),
        "mean_size": scores.mean_size,
        **list_estimates({"coverage": scores.coverage, "single": scores.single, "empty": scores.empty}),
    }


def list_set_rows(classes: tuple[str, ...], rules: tuple[ClassRule, ...], scores: SetScores) -> list[dict[str, Any]]:
    """Return one plot row per class: when it is in a set, and how often its test images have it in theirs."""
    rows = []
    for code, (name, rule) in enumerate(zip(classes, rules, strict=True)):
        covered = scores.by_class.get(code)
        rows.append(
            {
                "diagnosis": name,
                "probability": rule.probability,
                "num_groups": rule.num_groups,
                "calibrated_with": rule.calibrated_with,
                "coverage": covered and covered.value,
                "low": covered and covered.low,
                "high": covered and covered.high,
            }
        )
    return rows


def _read_true(predictions: Predictions) -> Floats:
    """Return the probability of the true class of each image, (N,)."""
    return predictions.y_prob[np.arange(len(predictions.y_true)), predictions.y_true]
