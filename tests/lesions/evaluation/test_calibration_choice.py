"""The calibration is chosen by groups that did not fit it, and nothing is applied that does not help."""

import re
from itertools import product

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from lesions.evaluation.calibration_choice import (
    MIN_GROUPS_TO_CHOOSE,
    NUM_FOLDS,
    FittedCalibration,
    choose_method,
    describe_calibration,
    divide_validation,
    fit_best_calibration,
)
from lesions.evaluation.reliability import compute_image_losses
from lesions.tables.predictions import Predictions
from tests.builders import slow
from tests.runs import build_predictions

PRIOR = np.array([0.1, 0.7, 0.2])
WEIGHTS = 1 / (3 * PRIOR)
SHIFT = -np.log(WEIGHTS)


def draw(num_groups: int, seed: int, *, scale: float = 1, weighted: float = 0) -> Predictions:
    """Draw groups of one to ten images of one diagnosis, and what a network says of them.

    Parameters
    ----------
    scale
        Factor of the logits: 1 is neither too sure nor too unsure.
    weighted
        How much of the shift of balanced class weights is in the logits, from 0 to 1.
    """
    generator = np.random.default_rng(seed)
    sizes = generator.choice(np.arange(1, 11), size=num_groups, p=softmax(-np.log(np.arange(1, 11))))
    group = np.repeat(np.arange(num_groups), sizes)
    y_true = generator.choice(3, size=num_groups, p=PRIOR)[group]
    noise = generator.normal(size=(num_groups, 3))[group] + generator.standard_t(5, size=(len(group), 3))
    seen = 2 * np.eye(3)[y_true] + noise / np.sqrt(1 + 5 / 3)
    log_prob = log_softmax(2 * seen + np.log(PRIOR), axis=1)
    return build_predictions(y_true, scale * (log_prob + weighted * np.log(WEIGHTS)), group)


def lose(predictions: Predictions, fitted: FittedCalibration | None = None) -> float:
    """Return the log loss of predictions, after a calibration if one is given."""
    scale, shift = (1, 0) if fitted is None else (fitted.scale, fitted.shift)
    return float(compute_image_losses(predictions.y_true, predictions.logits * scale + shift).mean())


@pytest.mark.parametrize(("num_groups", "scale"), [*product((104, 300, 900), (0.6, 1, 2))])
def test_a_prior_that_weights_have_shifted_is_undone(num_groups: int, scale: float) -> None:
    fitted = fit_best_calibration(draw(num_groups, 1, scale=scale, weighted=1), "auto", prior_shift=SHIFT)
    test = draw(3000, 2, scale=scale, weighted=1)
    assert fitted.method == "prior_and_temperature"
    assert lose(test, fitted) < lose(test) - 0.05
    assert lose(test, fitted) < lose(draw(3000, 2)) + 0.01  # that of the true probabilities


def test_probabilities_that_are_calibrated_are_left_as_they_are() -> None:
    chosen = [fit_best_calibration(draw(300, seed, scale=1), "auto", prior_shift=SHIFT).method for seed in range(20)]
    assert chosen.count("none") >= 18


def test_a_wrong_temperature_alone_is_mended_by_a_temperature() -> None:
    chosen = [fit_best_calibration(draw(300, seed, scale=2), "auto", prior_shift=SHIFT).method for seed in range(20)]
    assert chosen.count("temperature") >= 17


@pytest.mark.parametrize("num_groups", [1, *(slow(n) for n in (2, 4, 12, 30)), 59, 60, 104])
@pytest.mark.parametrize(
    ("scale", "weighted"),
    [
        (1, 0),
        slow(1, 0.5),
        slow(2, 0),
        (1, 1),
        (2, 1),
    ],
)
def test_test_images_lose_nothing_by_the_choice(num_groups: int, scale: float, weighted: float) -> None:
    test = draw(3000, 99, scale=scale, weighted=weighted)
    vals = [draw(num_groups, seed, scale=scale, weighted=weighted) for seed in range(20)]
    lost = [lose(test, fit_best_calibration(val, "auto", prior_shift=SHIFT)) - lose(test) for val in vals]
    assert np.mean(lost) < 0.015 + 0.05 / np.sqrt(num_groups)
    assert max(lost) < (0.17 if num_groups >= MIN_GROUPS_TO_CHOOSE else 1e-9)


def test_the_log_loss_is_of_images_that_did_not_fit() -> None:
    """Of a vector that follows its few images, what they say themselves is too good."""
    val = draw(60, 0)
    fitted = fit_best_calibration(val, "vector", prior_shift=SHIFT)
    assert fitted.log_losses["vector"] == pytest.approx(
        compute_image_losses(val.y_true, fitted.out_of_fold).mean(), abs=1e-12
    )
    assert lose(val, fitted) < fitted.log_losses["none"] < fitted.log_losses["vector"]
    assert set(fitted.log_losses) == {"none", "vector"}


def test_whole_groups_are_in_a_fold_and_diagnoses_are_dealt_out() -> None:
    val = draw(100, 0)
    folds = divide_validation(val.images.group_id, val.y_true)
    assert set(folds) == set(range(NUM_FOLDS))
    assert val.images.assign(fold=folds).groupby("group_id").fold.nunique().max() == 1
    for code in range(3):
        of_class = val.images.assign(fold=folds)[val.y_true == code].groupby("fold").group_id.nunique()
        assert of_class.max() - of_class.min() <= 1


def test_the_order_of_the_images_does_not_matter() -> None:
    val = draw(100, 0, weighted=1)
    order = np.random.default_rng(0).permutation(len(val.y_true))
    turned = Predictions(val.images.iloc[order], val.classes, val.y_true[order], val.logits[order])
    np.testing.assert_array_equal(
        divide_validation(turned.images.group_id, turned.y_true),
        divide_validation(val.images.group_id, val.y_true)[order],
    )
    one, other = (fit_best_calibration(side, "auto", prior_shift=SHIFT) for side in (val, turned))
    assert one.log_losses == pytest.approx(other.log_losses, abs=1e-6)
    np.testing.assert_allclose(one.scale, other.scale, rtol=1e-4)


def test_within_one_standard_error_the_method_that_fits_less_is_chosen() -> None:
    """Four groups of an image each: temperature is lower by 0.1 on average, with a standard error of 0.0577."""
    groups = build_predictions(np.zeros(4, int), np.zeros((4, 3)), range(4)).images.group_id
    none = np.array([1.0, 1.0, 1.0, 1.0])
    assert choose_method({"none": none, "temperature": none - [0, 0.1, 0.1, 0.2]}, groups) == "temperature"
    # A mean of 0.05 with a standard error of 0.05.
    assert choose_method({"none": none, "temperature": none - [-0.1, 0.1, 0.1, 0.1]}, groups) == "none"
    # In two groups, the same differences have a larger standard error still.
    pairs = build_predictions(np.zeros(4, int), np.zeros((4, 3)), [0, 0, 1, 1]).images.group_id
    assert choose_method({"none": none, "temperature": none - [0, 0, 0.2, 0.2]}, pairs) == "none"


def test_what_validation_is_too_small_for_is_said() -> None:
    few = fit_best_calibration(draw(12, 0, weighted=1), "auto", prior_shift=SHIFT)
    assert few.passed_over == ("temperature", "vector")
    sentence = describe_calibration(few)
    assert "cross-fitted over 5 folds of 12 groups: none " in sentence
    assert "With fewer than 60 groups, temperature and vector are not considered." in sentence
    assert (
        f"There are images of the rarest class in {few.num_groups_of_rarest_class} of the folds at most." in sentence
    )
    fewest = fit_best_calibration(draw(9, 0, weighted=1), "auto", prior_shift=SHIFT)
    assert fewest.method == "none"
    assert "Validation has too few groups to choose another by." in describe_calibration(fewest)
    rare = describe_calibration(fit_best_calibration(draw(70, 0, weighted=1), "auto", prior_shift=SHIFT))
    assert re.search(r"As the rarest class has \d groups, vector is not considered\.", rare)
    many = describe_calibration(fit_best_calibration(draw(300, 0), "auto", prior_shift=0 * SHIFT))
    assert "prior_and_temperature" not in many
    assert many.count(".") == 4


def test_a_class_that_validation_lacks_is_counted() -> None:
    val = draw(40, 0)
    fitted = fit_best_calibration(val.keep(val.y_true != 0), "vector", prior_shift=SHIFT)
    assert fitted.num_groups_of_rarest_class == 0
    assert np.isfinite([*fitted.scale, *fitted.shift, *fitted.log_losses.values()]).all()
