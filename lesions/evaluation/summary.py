"""All scores of a model on one split, as in `metrics/<model>/val.json` and `test.json`."""

from typing import Any

import numpy as np

from lesions.evaluation.reliability import score_reliability
from lesions.evaluation.scores import score_predictions
from lesions.tables.predictions import Predictions


def summarise_scores(predictions: Predictions) -> dict[str, Any]:
    """Return the headline metrics, the scores of the probabilities, and the numbers of images and groups."""
    return {
        **score_predictions(predictions.y_true, predictions.y_prob, y_pred=predictions.y_pred),
        **score_reliability(predictions.y_true, predictions.logits),
        "num_undefined_classes": len(predictions.classes) - len(np.unique(predictions.y_true)),
        "num_images": len(predictions.images),
        "num_groups": int(predictions.images.group_id.nunique()),
    }
