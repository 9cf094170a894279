"""The scores of each class with intervals over groups, and which classes are taken for which."""

from typing import Any

import numpy as np
import pandas as pd

from lesions.evaluation.proportions import estimate_proportions
from lesions.evaluation.scores import count_confusion
from lesions.tables.predictions import Predictions


def list_class_scores(predictions: Predictions) -> list[dict[str, Any]]:
    """Return one row per class and score with its 95 % interval; undefined scores are omitted.

    All three are proportions of hits. Recall is that among the images of a class, precision that among the images
    that are called so. F1 is that among both together, in which an image of the class that is called so is there
    twice: 2 TP / (2 TP + FP + FN).
    """
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
                members[name, score, int(true.sum())] = np.concatenate(parts)
    hits, twice = np.tile(y_true == y_pred, 2), pd.concat([group_id, group_id], ignore_index=True)
    estimates = estimate_proportions(hits, list(members.values()), twice)
    return [
        {
            "diagnosis": name,
            "score": score,
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "support": support,
        }
        for (name, score, support), estimate in zip(members, estimates, strict=True)
    ]


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
