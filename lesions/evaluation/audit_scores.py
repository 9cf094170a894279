"""Score predictions of images of which some are tied to others, that the model may have been trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lesions.evaluation.audit import Audit
from lesions.evaluation.binary_calibration import score_binary_calibration
from lesions.evaluation.decisions import call_at, merge_sides, score_decisions
from lesions.evaluation.estimation import estimate_metrics
from lesions.evaluation.interval import Estimate, subtract_independent
from lesions.evaluation.reliability import estimate_proper_scores
from lesions.evaluation.thresholds import calls_all
from lesions.tables.predictions import Predictions


@dataclass(frozen=True)
class TiedAndRest:
    """A metric on the images that are tied to others, on the rest, and the first minus the second."""

    tied: Estimate
    rest: Estimate
    difference: Estimate


def score_whole(audit: Audit) -> dict[str, Estimate]:
    """Score all images, by metric; the last scores are of the probabilities, and lower ones are better."""
    return estimate_metrics(audit.predictions) | estimate_proper_scores(audit.predictions)


def score_malignancy(
    predictions: Predictions, sides: Sequence[bool | None], threshold: float | None
) -> dict[str, Estimate]:
    """Score the probability of malignancy: its calibration, and its decisions at a threshold if there is one.

    Parameters
    ----------
    sides
        Whether each class is malignant; None if it is neither malignant nor benign.
    threshold
        One that was chosen on other images.
    """
    merged = merge_sides(predictions, sides)
    scores = score_binary_calibration(merged)
    if threshold is None:
        return scores
    called = call_at(merged, threshold)
    return scores | score_decisions(
        called.y_true == 1, called.y_pred == 1, called.images.group_id, calls_all=calls_all(threshold)
    )


def compare_tied_with_rest(audit: Audit) -> dict[str, TiedAndRest]:
    """Score the tied images and the rest, on the classes that both have, and compare them.

    Returns
    -------
    dict
        By metric; empty if the two share fewer than two classes.
    """
    sides = [audit.predictions.keep(chosen) for chosen in (audit.tied, ~audit.tied)]
    shared = np.intersect1d(sides[0].y_true, sides[1].y_true)
    if len(shared) < 2:
        return {}
    # Different seeds, because resamples of different groups are independent.
    tied, rest = (
        estimate_metrics(side.keep(np.isin(side.y_true, shared)), seed=seed) for seed, side in enumerate(sides)
    )
    pairs = {metric: (tied[metric], rest[metric]) for metric in tied if metric in rest}
    return {metric: TiedAndRest(*pair, subtract_independent(*pair)) for metric, pair in pairs.items()}
