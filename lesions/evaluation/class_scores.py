"""The scores of each class with intervals over groups, and which classes are taken for which."""

from typing import Any

import numpy as np
import pandas as pd

from lesions.evaluation.class_areas import estimate_class_areas
from lesions.evaluation.interval import Estimate
from lesions.evaluation.proportions import estimate_proportions
from lesions.evaluation.scores import count_confusion
from lesions.tables.predictions import Predictions


def list_class_scores(predictions: Predictions) -> list[dict[str, Any]]:
    """Return one row per class and score with its 95 % interval; undefined scores are omitted.

    Besides the area under the ROC curve, all are proportions of hits. Recall is that among the images of a class,
    precision that among the images that are called so. F1 is that among both together, in which an image of the class
    that is called so is there twice: 2 TP / (2 TP + FP + FN).
    """
    proportions = _estimate_proportions_of_hits(predictions)
    areas = estimate_class_areas(predictions)
    return [
        {
            "diagnosis": name,
            "score": score,
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "support": int((predictions.y_true == code).sum()),
            "num_groups": int(predictions.images.group_id[predictions.y_true == code].nunique()),
        }
        for code, name in enumerate(predictions.classes)
        for score, estimate in {**proportions[name], **({"roc_auc": areas[name]} if name in areas else {})}.items()
    ]


def _estimate_proportions_of_hits(predictions: Predictions) -> dict[str, dict[str, Estimate]]:
    """Return precision, recall and F1 of each class, as far as they are defined."""
    y_true, y_pred, group_id = predictions.y_true, predictions.y_pred, predictions.images.group_id
    nowhere = np.zeros(len(y_true), dtype=bool)
    members = {}
    for code, name in enumerate(predictions.classes):
        true, called = y_true == code, y_pred == code
        for score, parts in (
            ("precision", (nowhere, called)),
            ("recall", (true, nowhere)),
            ("f1", (true, called)),
        ):
            if np.any(parts):
                members[name, score] = np.concatenate(parts)
    hits, twice = np.tile(y_true == y_pred, 2), pd.concat([group_id, group_id], ignore_index=True)
    estimates = estimate_proportions(hits, list(members.values()), twice)
    scores: dict[str, dict[str, Estimate]] = {name: {} for name in predictions.classes}
    for (name, score), estimate in zip(members, estimates, strict=True):
        scores[name][score] = estimate
    return scores


def list_confusion(predictions: Predictions) -> list[dict[str, Any]]:
    """Return one row per pair of true and predicted class: number of images, and their share of the true class."""
    codes = range(len(predictions.classes))
    confusion = count_confusion(predictions.y_true, predictions.y_pred, len(codes))
    return [
        {
            "true": predictions.classes[true],
            "predicted": predictions.classes[guess],
            "num_images": int(confusion[true, guess]),
            "share": float(confusion[true, guess] / max(1, confusion[true].sum())),
        }
        for true in codes
        for guess in codes
    ]
