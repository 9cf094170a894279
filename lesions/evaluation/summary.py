"""All scores of a model on one split, as in `metrics/<model>/val.json` and `test.json`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesions.evaluation.reliability import score_reliability
from lesions.evaluation.scores import score_predictions
from lesions.tables.predictions import Predictions


def summarise_scores(predictions: Predictions, *, out_of_fold: NDArray[np.float64] | None = None) -> dict[str, Any]:
    """Return the headline metrics, the scores of the probabilities, and the numbers of images and groups.

    Parameters
    ----------
    out_of_fold : (N, K) float
        The logits whose probabilities are scored, where those of `predictions` are calibrated by these very images.
    """
    logits = predictions.logits if out_of_fold is None else out_of_fold
    return {
        **score_predictions(predictions.y_true, predictions.y_prob, y_pred=predictions.y_pred),
        **score_reliability(predictions.y_true, logits),
        "num_undefined_classes": len(predictions.classes) - len(np.unique(predictions.y_true)),
        "num_images": len(predictions.images),
        "num_groups": int(predictions.images.group_id.nunique()),
    }
