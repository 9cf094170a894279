"""How much a model loses from its training images to validation, and from there to test."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal

from lesions.evaluation.estimation import estimate_metrics
from lesions.evaluation.interval import Estimate, list_estimates, subtract_independent
from lesions.tables.predictions import Predictions

METRICS = ("balanced_accuracy", "macro_f1")

OVERFIT = 0.1
"""The loss of balanced accuracy from training to validation above which a model overfits."""

Overfitting = Literal["yes", "no", "cannot tell"]


def score_generalisation(
    train: Predictions, val: Predictions, test: Mapping[str, Estimate] | None = None
) -> dict[str, Any]:
    """Return the kept epoch's scores on each split, and the loss from each split to the next with its interval.

    The training images are not augmented here, so that their scores show what the network has memorised.

    Parameters
    ----------
    train
        The predictions of a sample of the training images.
    test
        The metrics of the test images, with their intervals; None while these are sealed.
    """
    scores: dict[str, Mapping[str, Estimate]] = {
        split: estimate_metrics(predictions, metrics=METRICS)
        for split, predictions in (("train", train), ("val", val))
    }
    scores |= {} if test is None else {"test": test}
    summary: dict[str, Any] = {
        "num_train_images": len(train.images),
        "num_train_groups": int(train.images.group_id.nunique()),
    }
    for metric in METRICS:
        summary |= {f"{split}_{metric}": scores[split][metric].value for split in scores}
        for first, second in pairwise(scores):
            lost = subtract_independent(scores[first][metric], scores[second][metric])
            summary |= list_estimates({f"{metric}_lost_from_{first}_to_{second}": lost})
    return summary


def judge_overfitting(lost: Estimate) -> Overfitting:
    """Say whether a model overfits, from its loss of balanced accuracy from training to validation."""
    if lost.low > OVERFIT:
        return "yes"
    return "no" if lost.high < OVERFIT else "cannot tell"
