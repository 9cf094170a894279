"""With several seeds, the intervals cover the variation over seeds as well."""

import numpy as np
import pytest
from scipy.stats import t as student

from lesions.errors import InputError
from lesions.evaluation.comparison import compare_models
from lesions.evaluation.interval import estimate_difference
from lesions.evaluation.measurement import Measurement, average_seeds
from lesions.evaluation.repeats import compare_repeats
from lesions.tables.predictions import Predictions
from tests.runs import build_predictions, guess, true_classes

Y_TRUE = true_classes(300)
EQUAL = np.resize([0.1, -0.1], 1000)


def test_the_mean_of_two_seeds_by_hand() -> None:
    """The variance of 0.70 and 0.80 is 0.005, and that of their mean is half of it."""
    resamples = np.array([0.73, 0.77] * 50)
    mean = average_seeds([Measurement(0.7, resamples - 0.05, EQUAL), Measurement(0.8, resamples + 0.05, EQUAL)])
    assert mean.value == pytest.approx(0.75)
    assert mean.standard_error == pytest.approx(np.sqrt(0.02**2 * 1000 / 999 + 0.0025))
    # Nearly all of the variance comes from the seeds, with one degree of freedom.
    assert mean.degrees_of_freedom == pytest.approx((0.0029) ** 2 / (0.0025**2 / 1 + 0.0004**2 / 999), rel=1e-3)


def test_a_difference_has_the_variance_of_both_models_seeds() -> None:
    resamples = np.full(100, 0.5)
    pairs = [
        average_seeds([Measurement(value, resamples, EQUAL * 0) for value in values])
        for values in ([0.70, 0.72, 0.74], [0.50, 0.54, 0.58])
    ]
    difference = estimate_difference(pairs[0] - pairs[1])
    variances = 0.02**2 / 3, 0.04**2 / 3
    df = sum(variances) ** 2 / sum(variance**2 / 2 for variance in variances)
    assert difference.value == pytest.approx(0.18)
    assert difference.high - difference.value == pytest.approx(student.ppf(0.975, df) * np.sqrt(sum(variances)))


def test_seeds_that_disagree_widen_the_interval_and_seeds_that_agree_do_not() -> None:
    skilled, poor = (build_predictions(Y_TRUE, guess(Y_TRUE, skill)) for skill in (1.8, 1.2))
    prior = build_predictions(Y_TRUE, np.tile([0.1, 0.0, 0.0], (300, 1)))
    alike = compare_repeats({seed: {"a": skilled, "p": prior} for seed in range(3)}, rivals=["a"])
    once = compare_models({"a": skilled, "p": prior}, rivals=["a"])
    key = ("a", "p", "accuracy")
    assert vars(alike.comparison.differences[key]) == pytest.approx(vars(once.differences[key]))
    apart = compare_repeats(
        {seed: {"a": model, "p": prior} for seed, model in enumerate((skilled, poor, skilled))}, rivals=["a"]
    )
    widths = [lead.high - lead.low for lead in (apart.comparison.differences[key], once.differences[key])]
    assert widths[0] > 1.5 * widths[1]
    assert apart.num_seeds == 3
    assert len(set(apart.values["a", "accuracy"])) == 2


@pytest.mark.slow
def test_a_lead_that_comes_from_the_seeds_is_rarely_significant_over_several_seeds() -> None:
    """The scores of both recipes have the same distribution over seeds."""
    num_significant = 0
    for number in range(30):
        generator = np.random.default_rng(number)
        repeats = {
            seed: {
                name: build_predictions(
                    Y_TRUE, guess(Y_TRUE, generator.normal(1.5, 0.4), seed=1000 * number + 10 * seed + n)
                )
                for n, name in enumerate("ab")
            }
            for seed in range(4)
        }
        difference = compare_repeats(repeats, rivals=["a", "b"]).comparison.differences["a", "b", "accuracy"]
        num_significant += difference.is_beyond_noise
    # With 30 draws at 5 % each, more than 5 hits have a probability of 0.3 %.
    assert num_significant <= 5


def test_models_are_chosen_by_the_mean_over_seeds_on_validation() -> None:
    """On validation the means of a and b are those of 60 and 90, and of 70 and 70 right images of 90."""
    y_true = true_classes(90)

    def right(number: int) -> Predictions:
        return build_predictions(y_true, np.eye(3)[np.where(np.arange(90) < number, y_true, (y_true + 1) % 3)])

    compared = compare_repeats(
        {seed: {"a": right(50 + seed), "b": right(80 + seed)} for seed in (0, 1)},
        rivals=["a", "b"],
        validation={0: {"a": right(60), "b": right(70)}, 1: {"a": right(90), "b": right(70)}},
    ).comparison
    assert compared.on_validation["a", "accuracy"] == pytest.approx(75 / 90)
    assert compared.choose(["b", "a"], "accuracy") == ["a", "b"]
    assert compared.rank(["a", "b"], "accuracy") == ["b", "a"]


def test_seeds_with_other_models_are_refused() -> None:
    predictions = build_predictions(Y_TRUE, guess(Y_TRUE, 1))
    with pytest.raises(InputError, match="the seeds 0 and 1 have different models"):
        compare_repeats({0: {"a": predictions}, 1: {"b": predictions}}, rivals=[])


def test_seeds_with_other_test_images_are_refused() -> None:
    predictions, shorter = (build_predictions(truth, guess(truth, 1)) for truth in (Y_TRUE, Y_TRUE[:200]))
    with pytest.raises(InputError, match=r"the predictions of a \(seed 1\) and a \(seed 0\) differ in image_id"):
        compare_repeats({0: {"a": predictions}, 1: {"a": shorter}}, rivals=[])
