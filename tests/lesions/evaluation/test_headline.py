"""A model is the headline only if it beats everything simpler; else the headline is what it does not beat."""

import numpy as np
import pytest

from lesions.evaluation.comparison import compare_models
from lesions.evaluation.headline import compare_with_constant, list_verdicts
from lesions.tables.predictions import Predictions
from tests.runs import build_predictions, guess, true_classes

Y_TRUE = true_classes(120)
NEVI = np.tile([0.0, 1.0, 0.0], (120, 1))


def skilled(skill: float, seed: int = 0) -> Predictions:
    return build_predictions(Y_TRUE, guess(Y_TRUE, skill, seed))


PRIOR = build_predictions(Y_TRUE, NEVI)


def verdicts(
    models: dict[str, Predictions],
    *,
    metric: str = "balanced_accuracy",
    prior: Predictions = PRIOR,
    **probes: Predictions,
) -> list[str]:
    comparison = compare_models({**models, "class_prior": prior, **probes}, rivals=list(models))
    constant = compare_with_constant(models, metric)
    return list_verdicts(
        comparison,
        list(models),
        baseline="class_prior",
        metric=metric,
        unbeaten_constant=None if constant["constant_is_beaten"] else constant["constant_score"],
    )


def test_a_probe_that_is_better_is_the_headline() -> None:
    headline, second, third = verdicts({"cnn": skilled(1), "net": skilled(1, 1)}, border_probe=skilled(4, 2))
    assert headline.startswith("No model beats the rim of the image alone (balanced accuracy: border_probe 0.9")
    assert ", cnn 0." in headline
    assert ", net 0." in headline
    assert "): it is better than cnn by 0." in headline
    assert "(95 % interval 0." in headline
    assert second.startswith("The test images cannot tell cnn from net: ")
    assert third.startswith("cnn is better than always predicting the class frequencies by 0.")


def test_a_probe_as_good_as_the_best_model_is_the_headline() -> None:
    headline, *_ = verdicts({"cnn": skilled(1.5)}, border_probe=skilled(1.4, 2), metadata_probe=skilled(0, 3))
    assert headline.startswith("No model beats the rim of the image alone (balanced accuracy: border_probe 0.")
    assert "the difference of " in headline
    assert " between cnn and it is not significant (95 % interval −0." in headline


def test_a_probe_that_any_model_beats_is_no_headline() -> None:
    (only,) = verdicts({"cnn": skilled(3)}, border_probe=skilled(0.5, 2))
    assert only.startswith("cnn is better than always predicting the class frequencies by 0.")


def test_a_model_no_better_than_the_class_prior_says_so_once() -> None:
    (only,) = verdicts({"cnn": PRIOR})
    assert only == (
        "No model beats always predicting the class frequencies (balanced accuracy: class_prior 0.333, cnn 0.333): "
        "cnn has the same (95 % interval 0.000 to 0.000 of the difference)."
    )
    (only,) = verdicts({"cnn": skilled(0)})
    assert only.startswith(
        "No model beats always predicting the class frequencies (balanced accuracy: class_prior 0.333"
    )


def test_of_several_that_are_not_beaten_the_best_is_the_headline() -> None:
    (only,) = verdicts({"cnn": skilled(0)}, border_probe=skilled(0.2, 2), metadata_probe=skilled(3, 3))
    assert only.startswith("No model beats the metadata alone (")


@pytest.mark.parametrize("metric", ["balanced_accuracy", "accuracy", "macro_f1", "weighted_f1"])
@pytest.mark.parametrize("share", [0.0, 0.02])
def test_one_diagnosis_for_every_image_does_not_beat_a_prior_whose_diagnosis_is_absent(
    metric: str, share: float
) -> None:
    """The prior's diagnosis, nevus, is in no test image; the model calls (nearly) all images melanoma."""
    y_true = np.where(Y_TRUE == 1, 0, Y_TRUE)
    is_other = np.random.default_rng(0).random(120) < share
    constant = build_predictions(y_true, np.where(is_other[:, None], [0.0, 0.0, 5.0], [5.0, 0.0, 0.0]))
    (only,) = verdicts({"constant": constant}, metric=metric, prior=build_predictions(y_true, NEVI))
    assert only.startswith("No model beats predicting one diagnosis for every image (")
    assert "class frequencies" not in only


def test_a_model_that_tells_apart_beats_a_prior_whose_diagnosis_is_absent() -> None:
    y_true = np.where(Y_TRUE == 1, 0, Y_TRUE)
    (only,) = verdicts({"cnn": build_predictions(y_true, guess(y_true, 3))}, prior=build_predictions(y_true, NEVI))
    assert only.startswith("cnn is better than always predicting the class frequencies by 0.")


def test_the_headline_names_three_models_at_most() -> None:
    models = {f"cnn{n}": skilled(1, n) for n in range(5)}
    headline, *_ = verdicts(models, border_probe=skilled(4, 9))
    assert headline.count("cnn") == 3 + 1
