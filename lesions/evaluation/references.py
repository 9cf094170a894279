"""What models are measured against: baselines, probes, and one diagnosis for every image."""

import re
from dataclasses import replace

import numpy as np

from lesions.evaluation.scores import score_predictions
from lesions.tables.predictions import Predictions

ONE_DIAGNOSIS = "one_diagnosis"
"""One diagnosis for every image, where that scores higher than the class prior."""

WORDS = {
    "border_probe": "the rim of the image alone",
    "class_prior": "always predicting the class frequencies",
    "metadata_probe": "the metadata alone",
    ONE_DIAGNOSIS: "predicting one diagnosis for every image",
}


def spell_model(name: str) -> str:
    """Return the words for a baseline or a probe, such as `the rim of the image alone`; a model keeps its name."""
    if name.endswith("_features"):
        network = re.sub(r"^resnet(\d+)$", r"ResNet-\1", name.removesuffix("_features"))
        return f"logistic regression on frozen {network} features"
    return WORDS.get(name, name)


def begin_with(name: str) -> str:
    """Return the words for a model, baseline or probe at the beginning of a sentence."""
    words = spell_model(name)
    return words if words == name else words[0].upper() + words[1:]


def list_constants(constant: Predictions, prior: Predictions, metric: str) -> dict[str, Predictions]:
    """Return one diagnosis for every image as a reference, if it scores higher than the class prior."""
    scores = [score_predictions(each.y_true, each.y_prob, y_pred=each.y_pred)[metric] for each in (constant, prior)]
    return {ONE_DIAGNOSIS: constant} if scores[0] > scores[1] else {}


def build_best_constant(predictions: Predictions, metric: str) -> Predictions:
    """Return the predictions of one diagnosis for every image, the one that reaches the highest score.

    A model that is no better tells nothing apart. The class prior may be worse: its diagnosis, the most frequent in
    training, can be rare or absent among these images.
    """
    K = len(predictions.classes)
    constants = [
        replace(predictions, logits=np.tile(row, (len(predictions.y_true), 1)), called=None) for row in np.eye(K)
    ]
    return max(constants, key=lambda constant: score_predictions(constant.y_true, constant.y_prob)[metric])
