"""Calibration of the probability of malignancy, against statsmodels and by hand."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm  # type: ignore[import-untyped]

from lesions.evaluation.binary_calibration import list_calibration_curve, score_binary_calibration
from lesions.tables.predictions import Predictions


def build(malignant: np.ndarray, log_odds: np.ndarray, group: np.ndarray | None = None) -> Predictions:
    N = len(malignant)
    group = np.arange(N) if group is None else group
    images = pd.DataFrame({"image_id": range(N), "group_id": group, "split": "test"}).astype(str)
    logits = np.stack([np.zeros(N), log_odds], axis=1)
    return Predictions(images, ("benign", "malignant"), malignant.astype(np.int64), logits)


def draw(N: int, scale: float, shift: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    log_odds = scale * generator.normal(size=N) + shift
    truth = generator.random(N) < 1 / (1 + np.exp(1 - 0.6 * np.clip(log_odds, -5, 5)))
    return truth, log_odds, np.arange(N) // 3


@pytest.mark.parametrize(
    ("N", "scale", "shift"), [(300, 2.0, 1.0), (300, 0.01, 0.0), (200, 30.0, 5.0), (50, 1.0, -1.0)]
)
def test_slope_and_intercept_are_those_of_statsmodels(N: int, scale: float, shift: float) -> None:
    truth, log_odds, group = draw(N, scale, shift, seed=0)
    found = score_binary_calibration(build(truth, log_odds, group))
    clusters = {"cov_type": "cluster", "cov_kwds": {"groups": group, "use_correction": False}}
    slope = sm.Logit(truth.astype(int), sm.add_constant(log_odds)).fit(disp=0, **clusters)
    assert found["calibration_slope"].value == pytest.approx(slope.params[1], rel=1e-6)
    reach = (found["calibration_slope"].high - found["calibration_slope"].low) / 2
    # From the normal quantile to Student's with the four degrees of freedom that there are at least.
    assert 1.96 * slope.bse[1] < reach < 3.2 * slope.bse[1]
    if scale < 10:  # beyond, statsmodels divides by zero
        family = sm.families.Binomial()
        intercept = sm.GLM(truth.astype(int), np.ones(N), family=family, offset=log_odds).fit(**clusters)
        assert found["calibration_intercept"].value == pytest.approx(intercept.params[0], rel=1e-6)
        reach = (found["calibration_intercept"].high - found["calibration_intercept"].low) / 2
        assert 1.96 * intercept.bse[0] < reach < 3.2 * intercept.bse[0]


def test_observed_to_expected_is_worked_by_hand() -> None:
    """4 of 10 are malignant, and each probability is 1/4: 4 / 2.5. The slope of a constant is undefined."""
    found = score_binary_calibration(build(np.arange(10) < 4, np.full(10, np.log(1 / 3))))
    assert found["observed_to_expected"].value == pytest.approx(1.6)
    assert found["observed_to_expected"].low < 1.6 < found["observed_to_expected"].high
    # The log odds of 4 of 10 less those of 1 of 4.
    assert found["calibration_intercept"].value == pytest.approx(np.log(4 / 6) - np.log(1 / 3))
    assert "calibration_slope" not in found


@pytest.mark.parametrize("sign", [1, -1])
def test_there_is_no_slope_if_the_probabilities_separate(sign: int) -> None:
    truth = np.arange(20) < 5
    assert "calibration_slope" not in score_binary_calibration(build(truth, sign * np.where(truth, 2.0, -1.0)))
    mixed = np.where(np.arange(20) == 3, -1.5, np.where(truth, 2.0, -1.0))
    assert "calibration_slope" in score_binary_calibration(build(truth, sign * mixed))


def test_one_side_has_no_calibration() -> None:
    assert score_binary_calibration(build(np.ones(5, dtype=bool), np.zeros(5))) == {}
    assert score_binary_calibration(build(np.zeros(5, dtype=bool), np.zeros(5))) == {}


def test_extreme_probabilities_that_are_wrong_have_an_intercept() -> None:
    truth = np.arange(40) % 2 == 0
    found = score_binary_calibration(build(truth, np.full(40, -2000.0)))
    assert found["calibration_intercept"].value == pytest.approx(500)


def test_intervals_contain_the_truth_and_count_groups() -> None:
    """Groups of three copies of an image whose probability is right: 1, 0 and 1."""
    held = []
    for seed in range(300):
        generator = np.random.default_rng(seed)
        log_odds = 1.5 * generator.normal(size=150) - 1.5
        truth = generator.random(150) < 1 / (1 + np.exp(-log_odds))
        found = score_binary_calibration(
            build(np.repeat(truth, 3), np.repeat(log_odds, 3), np.repeat(np.arange(150), 3))
        )
        right = {"observed_to_expected": 1, "calibration_intercept": 0, "calibration_slope": 1}
        held.append([found[name].low <= value <= found[name].high for name, value in right.items()])
    assert (np.mean(held, axis=0) >= 0.92).all()
    assert (np.mean(held, axis=0) <= 0.985).all()


def test_the_curve_has_ties_in_one_bin_and_all_images() -> None:
    """60 images of three probabilities, 30, 20 and 10 of each: two bins, as many as 60 images allow with 20 each."""
    log_odds = np.repeat(np.log([1 / 9, 1, 9]), [30, 20, 10])
    rows = list(list_calibration_curve(build(np.arange(60) >= 27, log_odds)))
    assert sum(row["num_images"] for row in rows) == 60
    assert [row["num_images"] for row in rows] == [30, 30]
    assert [row["observed"] for row in rows] == pytest.approx([3 / 30, 1])
    assert rows[1]["probability"] == pytest.approx((20 * 0.5 + 10 * 0.9) / 30)
    shuffled = np.random.default_rng(0).permutation(60)
    again = list(list_calibration_curve(build((np.arange(60) >= 27)[shuffled], log_odds[shuffled])))
    assert [row["num_images"] for row in again] == [30, 30]
    assert again[0]["observed"] == pytest.approx(3 / 30)


@pytest.mark.parametrize("num_groups", [1, 3])
def test_groups_that_do_not_differ_leave_the_intervals_unknown(num_groups: int) -> None:
    """Each group has the same four images: a width of 0 would say that the figures are certain."""
    truth, log_odds = np.array([True, False, True, False]), np.array([1.0, -1.0, -0.5, 0.3])
    group = np.arange(num_groups).repeat(4)
    found = score_binary_calibration(build(np.tile(truth, num_groups), np.tile(log_odds, num_groups), group))
    assert {*found} == {"observed_to_expected", "calibration_intercept", "calibration_slope"}
    assert {bound for estimate in found.values() for bound in estimate.bounds.values()} == {None}
