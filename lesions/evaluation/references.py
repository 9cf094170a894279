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


LABELS = {
    "border_probe": "rim alone",
    "class_prior": "class frequencies",
    "metadata_probe": "metadata alone",
    ONE_DIAGNOSIS: "one diagnosis",
}
"""Shorter words, for the axes and legends of plots."""

FAMILIES = {
    "alexnet": "AlexNet",
    "cnn": "CNN",
    "convnext": "ConvNeXt",
    "deit": "DeiT",
    "densenet": "DenseNet",
    "efficientnet": "EfficientNet",
    "googlenet": "GoogLeNet",
    "inception": "Inception",
    "maxvit": "MaxViT",
    "mobilenet": "MobileNet",
    "regnet": "RegNet",
    "resnet": "ResNet",
    "resnext": "ResNeXt",
    "shufflenet": "ShuffleNet",
    "swin": "Swin",
    "vgg": "VGG",
    "vit": "ViT",
}
"""How families of networks are written."""


def name_network(code_name: str) -> str:
    """Return a model's code name as it is read: `resnet18_focal` is ResNet-18 focal, `custom_cnn` Custom CNN.

    A name without a known family of networks stays as it is.
    """
    words, is_known = [], False
    for word in code_name.split("_"):
        family = re.fullmatch(r"([a-z]+?)(\d*)", word)
        if family and family[1] in FAMILIES:
            words.append("-".join(filter(None, (FAMILIES[family[1]], family[2]))))
            is_known = True
        else:
            words.append(word)
    if not is_known:
        return code_name
    name = " ".join(filter(None, words))
    return name[0].upper() + name[1:]


def label_model(name: str) -> str:
    """Return the short words for a baseline or a probe; a model keeps its name."""
    if name.endswith("_features"):
        return f"{name_network(name.removesuffix('_features'))} features"
    return LABELS.get(name, name)


def spell_model(name: str) -> str:
    """Return the words for a baseline or a probe, such as `the rim of the image alone`; a model keeps its name."""
    if name.endswith("_features"):
        return f"logistic regression on frozen {name_network(name.removesuffix('_features'))} features"
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
