"""Baselines and probes have words, and one diagnosis for every image has the scores worked by hand."""

import numpy as np
import pytest

from lesions.baselines.probes import PROBES
from lesions.evaluation.references import begin_with, build_best_constant, spell_model
from lesions.evaluation.scores import score_predictions
from tests.runs import build_predictions


@pytest.mark.parametrize(
    ("metric", "score"),
    [
        ("accuracy", 0.6),
        ("balanced_accuracy", 0.5),
        ("macro_f1", 0.375),
        ("weighted_f1", 0.45),
        ("macro_roc_auc", 0.5),
        ("mean_average_precision", 0.5),
    ],
)
def test_one_diagnosis_for_every_image_is_the_best_one(metric: str, score: float) -> None:
    # Of ten images six have class 0 and four class 2. Class 0 for all: recall 1 and 0, F1 12/16 and 0.
    y_true = np.array([0] * 6 + [2] * 4)
    constant = build_best_constant(build_predictions(y_true, np.zeros((10, 3))), metric)
    assert len(set(constant.y_pred)) == 1
    assert score_predictions(y_true, constant.y_prob)[metric] == pytest.approx(score)


@pytest.mark.parametrize(
    ("name", "words", "beginning"),
    [
        ("border_probe", "the rim of the image alone", "The rim of the image alone"),
        ("metadata_probe", "the metadata alone", "The metadata alone"),
        (
            "class_prior",
            "always predicting the class frequencies",
            "Always predicting the class frequencies",
        ),
        (
            "resnet18_features",
            "logistic regression on frozen ResNet-18 features",
            "Logistic regression on frozen ResNet-18 features",
        ),
        (
            "mobile_net_features",
            "logistic regression on frozen mobile_net features",
            "Logistic regression on frozen mobile_net features",
        ),
        ("custom_cnn", "custom_cnn", "custom_cnn"),
    ],
)
def test_code_names_become_words(name: str, words: str, beginning: str) -> None:
    assert (spell_model(name), begin_with(name)) == (words, beginning)


def test_every_probe_has_words() -> None:
    assert [spell_model(probe) for probe in PROBES if spell_model(probe) == probe] == []
