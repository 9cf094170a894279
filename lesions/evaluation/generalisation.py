"""How much a model loses from its training images to validation, and from there to test."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal

from lesions.evaluation.comparison import measure_metrics
from lesions.evaluation.interval import Estimate, estimate_score, list_estimates, subtract_independent
from lesions.tables.predictions import Predictions
from lesions.tables.splits import SPLITS

METRICS = ("balanced_accuracy", "macro_f1")

OVERFIT = 0.1
"""The loss of balanced accuracy from training to validation above which a model overfits."""

Overfitting = Literal["yes", "no", "cannot tell"]


def score_generalisation(predictions: Mapping[str, Predictions]) -> dict[str, Any]:
    """Return the kept epoch's scores on each split, and the loss from each split to the next with its interval.

    The training images are not augmented here, so that their scores show what the network has memorised.

    Parameters
    ----------
    predictions
        The predictions of `train`, which are a sample, of `val`, and of `test` unless it is sealed.
    """
    splits = [split for split in SPLITS if split in predictions]
    measured = {split: measure_metrics({split: predictions[split]}, seed=0)[split] for split in splits}
    scores = {
        split: {metric: estimate_score(metrics[metric]) for metric in METRICS} for split, metrics in measured.items()
    }
    summary: dict[str, Any] = {
        "num_train_images": len(predictions["train"].images),
        "num_train_groups": int(predictions["train"].images.group_id.nunique()),
    }
    for metric in METRICS:
        summary |= {f"{split}_{metric}": scores[split][metric].value for split in scores}
        for first, second in pairwise(splits):
            lost = subtract_independent(scores[first][metric], scores[second][metric])
            summary |= list_estimates({f"{metric}_lost_from_{first}_to_{second}": lost})
    return summary


def judge_overfitting(lost: Estimate) -> Overfitting:
    """Say whether a model overfits, from its loss of balanced accuracy from training to validation."""
    if lost.low > OVERFIT:
        return "yes"
    return "no" if lost.high < OVERFIT else "cannot tell"
