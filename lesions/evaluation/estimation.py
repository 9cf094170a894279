"""Measure the headline metrics of models on resamples of groups, and put intervals around them."""

from collections.abc import Collection, Mapping
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.evaluation.bootstrap import NUM_RESAMPLES, draw_resamples, sum_by_group
from lesions.evaluation.evidence import RANKINGS, weigh_evidence
from lesions.evaluation.influence import compute_influences
from lesions.evaluation.interval import Estimate, estimate_score
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.resampled_scores import score_resamples
from lesions.evaluation.scores import score_predictions
from lesions.tables.predictions import Predictions

HeadlineMetric = Literal[
    "accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "macro_roc_auc", "mean_average_precision"
]
"""Higher is better in all of them."""

METRICS: tuple[HeadlineMetric, ...] = get_args(HeadlineMetric)


def measure_metrics(
    predictions: Mapping[str, Predictions],
    *,
    seed: int,
    num_resamples: int = NUM_RESAMPLES,
    metrics: Collection[str] = METRICS,
) -> dict[str, dict[str, Measurement]]:
    """Measure those of some metrics that a model's predictions define, on the same resamples for all models."""
    group_id = next(iter(predictions.values())).images.group_id
    blocks: dict[str, list[dict[str, NDArray[np.float64]]]] = {model: [] for model in predictions}
    with_rankings = not set(RANKINGS).isdisjoint(metrics)
    for counts in draw_resamples(group_id, seed=seed, num_resamples=num_resamples):
        for model, predicted in predictions.items():
            y_true, y_prob, y_pred = predicted.y_true, predicted.y_prob, predicted.y_pred
            blocks[model].append(score_resamples(y_true, y_prob, counts, y_pred=y_pred, with_rankings=with_rankings))
    measured = {}
    for model, predicted in predictions.items():
        y_true, y_prob, y_pred = predicted.y_true, predicted.y_prob, predicted.y_pred
        values = score_predictions(y_true, y_prob, y_pred=y_pred)
        of_images = compute_influences(y_true, y_prob, y_pred=y_pred)
        influences = {metric: sum_by_group(one, group_id) for metric, one in of_images.items()}
        evidence = weigh_evidence(y_true, y_prob, y_pred, group_id, influences=influences)
        measured[model] = {
            metric: Measurement(
                value=values[metric],
                resamples=np.concatenate([block[metric] for block in blocks[model]]),
                influences=influences[metric],
                evidence=evidence[metric],
            )
            for metric in influences
            if metric in metrics
        }
    return measured


def estimate_metrics(
    predictions: Predictions, *, seed: int = 0, metrics: Collection[str] = METRICS
) -> dict[str, Estimate]:
    """Return those of some metrics that the predictions define, with their 95 % intervals."""
    (measured,) = measure_metrics({"": predictions}, seed=seed, metrics=metrics).values()
    return {metric: estimate_score(measurement) for metric, measurement in measured.items()}


def check_defined(predictions: Predictions, metric: str, images: str) -> None:
    """Raise InputError if the images that were predicted do not define a metric.

    Parameters
    ----------
    images
        The words for these images.
    """
    defined = score_predictions(predictions.y_true, predictions.y_prob, y_pred=predictions.y_pred)
    if metric not in defined:
        raise InputError(f"{images} do not define {metric}; they define {', '.join(defined)}")
