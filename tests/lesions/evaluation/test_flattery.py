"""The best of several equal models scores too high by what order statistics say."""

import numpy as np
import pytest

from lesions.evaluation.estimation import measure_metrics
from lesions.evaluation.flattery import estimate_flattery, expect_largest, find_own_error
from tests.runs import build_predictions, guess, true_classes


@pytest.mark.parametrize(
    # Of two and of three: 1 / √π and 3 / (2 √π). The others: Harter 1961, Biometrika 48, 151-165, table 1.
    ("number", "expected"),
    [(1, 0), (2, np.pi**-0.5), (3, 1.5 * np.pi**-0.5), (5, 1.16296), (10, 1.53875), (100, 2.50759)],
)
def test_the_expected_largest_of_normal_values(number: int, expected: float) -> None:
    assert expect_largest(number) == pytest.approx(expected, abs=1e-5)


def test_the_best_of_equal_models_is_as_much_too_high_as_estimated() -> None:
    num_models, gained, estimated = 8, [], []
    for seed in range(40):
        y_true = true_classes(240)
        models = {
            str(model): build_predictions(y_true, guess(y_true, 1.2, 100 * seed + model), groups=range(240))
            for model in range(num_models)
        }
        of_each = measure_metrics(models, seed=0, num_resamples=200)
        measured = {name: each["accuracy"] for name, each in of_each.items()}
        values = [each.value for each in measured.values()]
        gained.append(max(values) - np.mean(values))
        estimated.append(estimate_flattery(measured, num_models))
    # One standard error of the first is 0.002.
    assert np.mean(estimated) == pytest.approx(np.mean(gained), abs=0.008)
    assert np.mean(gained) > 0.03


def test_what_models_share_flatters_none_of_them() -> None:
    y_true = true_classes(240)
    logits = guess(y_true, 1.2)
    alike = {str(k): build_predictions(y_true, logits + 1e-9 * k) for k in range(3)}
    measured = {name: each["accuracy"] for name, each in measure_metrics(alike, seed=0).items()}
    assert find_own_error(measured) == 0
    assert find_own_error({"0": measured["0"]}) > 0.02
