"""A model is the headline only if it beats everything simpler; else the headline is what it does not beat."""

import numpy as np
import pytest

from lesions.evaluation.comparison import Comparison, compare_models, score_on_validation
from lesions.evaluation.headline import list_verdicts
from lesions.evaluation.interval import Difference, Estimate
from lesions.evaluation.references import build_best_constant, list_constants
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
    constants = list_constants(build_best_constant(prior, metric), prior, metric)
    comparison = compare_models(
        {**models, "class_prior": prior, **probes, **constants},
        rivals=list(models),
        on_validation=score_on_validation(models),
    )
    return list_verdicts(comparison, list(models), baseline="class_prior", metric=metric)


def test_a_probe_that_is_better_is_the_headline() -> None:
    headline, choice, second, third = verdicts({"cnn": skilled(1), "net": skilled(1, 1)}, border_probe=skilled(4, 2))
    assert headline.startswith("No model beats the rim of the image alone (balanced accuracy 0.9")
    assert "; cnn 0." in headline
    assert ", net 0." in headline
    assert "): it is better than cnn by 0." in headline
    assert "(95 % interval 0." in headline
    assert choice.startswith("cnn is the best of 2 models on validation (balanced accuracy 0.")
    assert second.startswith("The test images cannot tell cnn from net: ")
    assert third.startswith("cnn is better than always predicting the class frequencies by 0.")


def test_a_probe_as_good_as_the_best_model_is_the_headline() -> None:
    headline, *_ = verdicts({"cnn": skilled(1.5)}, border_probe=skilled(1.4, 2), metadata_probe=skilled(0, 3))
    assert headline.startswith("No model beats the rim of the image alone (balanced accuracy 0.")
    assert "the difference of " in headline
    assert " between cnn and it is not significant (95 % interval −0." in headline
    assert headline.endswith(" after Holm).")


def test_a_probe_that_any_model_beats_is_no_headline() -> None:
    _, only = verdicts({"cnn": skilled(3)}, border_probe=skilled(0.5, 2))
    assert only.startswith("cnn is better than always predicting the class frequencies by 0.")


def test_a_model_no_better_than_the_class_prior_says_so_once() -> None:
    headline, choice = verdicts({"cnn": PRIOR})
    assert choice.startswith("cnn has a balanced accuracy of 0.333 on test (95 % interval ")
    assert choice.endswith(") and 0.333 on validation.")
    assert headline == (
        "No model beats always predicting the class frequencies (balanced accuracy 0.333; cnn 0.333): "
        "cnn has the same (95 % interval 0.000 to 0.000 of the difference)."
    )
    headline, _ = verdicts({"cnn": skilled(0)})
    assert headline.startswith("No model beats always predicting the class frequencies (balanced accuracy 0.333")


def test_of_several_that_are_not_beaten_the_best_is_the_headline() -> None:
    headline, *_ = verdicts({"cnn": skilled(0)}, border_probe=skilled(0.2, 2), metadata_probe=skilled(3, 3))
    assert headline.startswith("No model beats the metadata alone (")


@pytest.mark.parametrize("metric", ["balanced_accuracy", "accuracy", "macro_f1", "weighted_f1"])
@pytest.mark.parametrize("share", [0.0, 0.02])
def test_one_diagnosis_for_every_image_does_not_beat_a_prior_whose_diagnosis_is_absent(
    metric: str, share: float
) -> None:
    """The prior's diagnosis, nevus, is in no test image; the model calls (nearly) all images melanoma."""
    y_true = np.where(Y_TRUE == 1, 0, Y_TRUE)
    is_other = np.random.default_rng(0).random(120) < share
    constant = build_predictions(y_true, np.where(is_other[:, None], [0.0, 0.0, 5.0], [5.0, 0.0, 0.0]))
    headline, choice = verdicts({"constant": constant}, metric=metric, prior=build_predictions(y_true, NEVI))
    assert headline.startswith("No model beats predicting one diagnosis for every image (")
    assert choice.startswith("constant has a ")


def test_a_model_that_tells_apart_beats_a_prior_whose_diagnosis_is_absent() -> None:
    y_true = np.where(Y_TRUE == 1, 0, Y_TRUE)
    _, only = verdicts({"cnn": build_predictions(y_true, guess(y_true, 3))}, prior=build_predictions(y_true, NEVI))
    assert only.startswith("cnn is better than always predicting the class frequencies by 0.")


def test_the_headline_names_three_models_at_most() -> None:
    models = {f"cnn{n}": skilled(1, n) for n in range(5)}
    headline, *_ = verdicts(models, border_probe=skilled(4, 9))
    assert headline.count("cnn") == 3 + 1


def compared(leads: dict[tuple[str, str], Difference], test: dict[str, float], val: dict[str, float]) -> Comparison:
    """Return a comparison by accuracy; a pair that is not given is far apart, the first model ahead."""
    far = Difference(0.3, 0.2, 0.4, 0.0, 0.0)
    pairs = [(first, second) for n, first in enumerate(test) for second in list(test)[n + 1 :]]
    return Comparison(
        scores={(name, "accuracy"): Estimate(value, value - 0.1, value + 0.1) for name, value in test.items()},
        differences={(*pair, "accuracy"): leads.get(pair, far) for pair in pairs},
        on_validation={(name, "accuracy"): value for name, value in val.items()},
    )


def test_the_best_on_validation_is_the_headline_though_another_is_higher_on_test() -> None:
    comparison = compared(
        {
            ("a", "b"): Difference(0.02, -0.03, 0.07, 0.4, 1.0),
            ("a", "c"): Difference(-0.05, -0.1, -0.01, 0.02, 0.06),
        },
        test={"a": 0.75, "b": 0.73, "c": 0.8, "class_prior": 0.4},
        val={"a": 0.9, "b": 0.8, "c": 0.7, "class_prior": 0.4},
    )
    assert list_verdicts(comparison, ["a", "b", "c"], baseline="class_prior", metric="accuracy") == [
        "a is the best of 3 models on validation (accuracy 0.900), and has 0.750 on test (95 % interval 0.650 to "
        "0.850).",
        "The test images cannot tell a from b: a is ahead by 0.020 accuracy, 95 % interval −0.030 to 0.070.",
        "The test images cannot tell c from a: c is ahead by 0.050 accuracy, 95 % interval 0.010 to 0.100, but that "
        "is not significant for the number of pairs compared (p = 0.060 after Holm).",
        "a is better than always predicting the class frequencies by 0.300 accuracy (95 % interval 0.200 to 0.400; "
        "one seed).",
    ]


def test_a_probe_that_only_another_model_beats_is_named() -> None:
    comparison = compared(
        {
            ("a", "b"): Difference(-0.01, -0.1, 0.08, 0.8, 0.8),
            ("a", "border_probe"): Difference(0.1, -0.02, 0.22, 0.1, 0.2),
        },
        test={"a": 0.7, "b": 0.71, "class_prior": 0.3, "border_probe": 0.6},
        val={"a": 0.8, "b": 0.7, "class_prior": 0.3, "border_probe": 0.5},
    )
    choice, over_b, over_probe, over_prior = list_verdicts(
        comparison, ["a", "b"], baseline="class_prior", metric="accuracy"
    )
    assert choice.startswith("a is the best of 2 models on validation")
    assert over_b.startswith("The test images cannot tell b from a: b is ahead by 0.010")
    assert over_probe.startswith("The test images cannot tell a from the rim of the image alone: a is ahead by 0.100")
    assert over_prior.startswith("a is better than always predicting the class frequencies by 0.300")
