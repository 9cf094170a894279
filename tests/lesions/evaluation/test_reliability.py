"""Scores of probabilities agree with scikit-learn, torchmetrics and hand-worked values."""

from collections.abc import Iterable

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from sklearn.metrics import brier_score_loss, log_loss
from torchmetrics.functional.classification import multiclass_calibration_error

from lesions.evaluation.interval import list_bounds
from lesions.evaluation.reliability import (
    build_reliability_rows,
    estimate_chance_error,
    estimate_proper_scores,
    list_bins,
    score_reliability,
)
from lesions.evaluation.verdict import spell_estimate
from lesions.tables.predictions import Predictions
from tests.runs import build_predictions


def test_log_loss_and_brier_score_are_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    y_true, logits = generator.integers(4, size=200), generator.normal(size=(200, 4))
    scores = score_reliability(y_true, logits)
    y_prob = softmax(logits, axis=1)
    assert scores["log_loss"] == pytest.approx(log_loss(y_true, y_prob))
    assert scores["brier_score"] == pytest.approx(brier_score_loss(y_true, y_prob, scale_by_half=False))


def test_the_calibration_error_equals_torchmetrics_if_bins_of_equal_width_are_equally_full() -> None:
    """150 confidences are spaced evenly from 0 to 1, so that both kinds of bins are the same 15.

    3,000 further classes share the rest of the probability.
    """
    generator = np.random.default_rng(0)
    confidence = (np.arange(150) + 0.5) / 150
    rest = np.tile((1 - confidence)[:, None] / 3000, (1, 3000))
    y_prob = np.concatenate([confidence[:, None], rest], axis=1)
    y_true = np.where(generator.random(150) < confidence**2, 0, 1)
    expected = multiclass_calibration_error(
        torch.tensor(y_prob), torch.tensor(y_true), num_classes=3001, n_bins=15, norm="l1"
    )
    error = score_reliability(y_true, np.log(y_prob))["expected_calibration_error"]
    assert error == pytest.approx(expected.item(), abs=1e-6)
    assert error > 0.1


def test_bins_agree_with_values_worked_by_hand() -> None:
    """16 images are in 15 bins: the two in the middle, of ranks 7.5 and 8.5 of 16, share the eighth."""
    confidence = np.linspace(0.6, 0.9, 16)
    y_prob = np.stack([confidence, 1 - confidence], axis=1)
    y_true = np.array([0] * 8 + [1] + [0] * 7)
    bins = list(list_bins(y_true, y_prob))
    assert [each.num_images for each in bins] == [1] * 7 + [2] + [1] * 7
    assert bins[7] == pytest.approx((2, 0.75, 0.5))
    assert bins[-1] == pytest.approx((1, 0.9, 1))
    error = score_reliability(y_true, np.log(y_prob))["expected_calibration_error"]
    assert error == pytest.approx((2 * 0.25 + (1 - np.delete(confidence, [7, 8])).sum()) / 16)


def test_images_of_one_confidence_are_in_one_bin_whatever_their_order() -> None:
    """150 of 225 images are right, and all have a probability of 2/3: the error is 0."""
    logits = np.tile(np.log([2 / 3, 1 / 3]), (225, 1))
    y_true = np.repeat([0, 1], [150, 75])
    assert score_reliability(y_true, logits)["expected_calibration_error"] == pytest.approx(0, abs=1e-12)
    assert list(list_bins(y_true, softmax(logits, axis=1))) == [pytest.approx((225, 2 / 3, 2 / 3))]


def test_images_of_one_confidence_count_for_the_size_of_the_other_bins() -> None:
    """Of 30 images, 20 are tied: the other ten share the upper five of 15 bins, two in each."""
    confidence = np.append(np.full(20, 0.5), np.linspace(0.6, 0.9, 10))
    y_prob = np.stack([confidence, 1 - confidence], axis=1)
    assert [each.num_images for each in list_bins(np.zeros(30, int), y_prob)] == [20, 2, 2, 2, 2, 2]


def test_the_order_of_the_images_does_not_change_the_error_where_some_are_tied() -> None:
    generator = np.random.default_rng(0)
    logits = generator.integers(0, 4, size=(300, 3)).astype(float)  # at most 64 different images
    y_true = generator.integers(3, size=300)
    errors = []
    for seed in range(10):
        order = np.random.default_rng(seed).permutation(300)
        errors.append(score_reliability(y_true[order], logits[order])["expected_calibration_error"])
    np.testing.assert_allclose(errors, errors[0], atol=1e-12)


def test_proper_scores_of_independent_images_have_students_interval_on_the_logarithm() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(400, 3))
    y_true = (softmax(logits, axis=1).cumsum(axis=1) < generator.random((400, 1))).sum(axis=1)
    predictions = build_predictions(y_true, logits, range(400))
    losses = -log_softmax(logits, axis=1)[np.arange(400), y_true]
    estimate = estimate_proper_scores(predictions)["log_loss"]
    assert estimate.value == pytest.approx(losses.mean())
    reach = 1.96 * losses.std() / 20 / losses.mean()
    assert np.log(estimate.low / estimate.value) == pytest.approx(-reach, rel=0.05)
    assert np.log(estimate.high / estimate.value) == pytest.approx(reach, rel=0.05)


def test_intervals_of_proper_scores_contain_the_truth() -> None:
    """Groups of five alike images; the truth is the score of 100,000 groups."""

    def draw(num_groups: int, seed: int) -> Predictions:
        generator = np.random.default_rng(seed)
        group = np.repeat(np.arange(num_groups), 5)
        y_true = generator.choice(3, size=num_groups, p=[0.1, 0.7, 0.2])[group]
        seen = 2 * np.eye(3)[y_true] + generator.standard_t(5, size=(num_groups, 3))[group]
        return build_predictions(y_true, 2 * seen, group)

    everyone = draw(100_000, 0)
    truth = score_reliability(everyone.y_true, everyone.logits)
    covered = {"log_loss": 0, "brier_score": 0}
    for seed in range(1, 101):
        for name, estimate in estimate_proper_scores(draw(104, seed)).items():
            covered[name] += estimate.low <= truth[name] <= estimate.high
    assert min(covered.values()) >= 88
    assert max(covered.values()) <= 100


def test_intervals_stay_between_zero_and_the_highest_score() -> None:
    """One wrong image of 300 decides both scores, and all wrong are the worst Brier score."""
    y_true = np.zeros(300, int)
    logits = 30 * np.eye(3)[[1] + [0] * 299]
    for estimate, highest in zip(
        estimate_proper_scores(build_predictions(y_true, logits, range(300))).values(), (1e4, 2), strict=True
    ):
        assert 0 <= estimate.low < estimate.value < estimate.high <= highest
    wrong = estimate_proper_scores(build_predictions(y_true, 30 * np.eye(3)[np.ones(300, int)]))
    assert wrong["brier_score"].value == pytest.approx(2)


@pytest.mark.parametrize(
    ("skill", "groups"),
    # No mistake at all; one group; three groups that are alike.
    [(1e3, range(6)), (1.0, [0] * 6), (1.0, [0, 0, 1, 1, 2, 2])],
)
def test_an_interval_that_no_group_shows_is_not_known(skill: float, groups: Iterable[int]) -> None:
    """A width of 0 would say that the score is certain."""
    y_true = np.array([0, 1] * 3)
    found = estimate_proper_scores(build_predictions(y_true, skill * np.eye(3)[[0, 1] * 3] + [0.0, 0.0, 0.5], groups))
    if skill == 1e3:
        assert {name: estimate.value for name, estimate in found.items()} == {"log_loss": 0, "brier_score": 0}
    else:
        assert min(estimate.value for estimate in found.values()) > 0.1
    assert list_bounds(found) == dict.fromkeys(
        ("log_loss_low", "log_loss_high", "brier_score_low", "brier_score_high")
    )
    assert spell_estimate(found["log_loss"]).endswith(" (95 % interval not known)")


def draw_calibrated(num_groups: int, seed: int) -> Predictions:
    """Draw groups of five images that look alike, with the probabilities of their diagnoses."""
    generator = np.random.default_rng(seed)
    group = np.repeat(np.arange(num_groups), 5)
    y_true = generator.integers(3, size=num_groups)[group]
    noise = generator.normal(size=(num_groups, 3))[group] + 0.5 * generator.normal(size=(len(group), 3))
    seen = 1.5 * np.eye(3)[y_true] + noise
    return build_predictions(y_true, 1.5 * seen / 1.25, group)


def test_calibrated_probabilities_are_within_what_chance_gives() -> None:
    """In 95 of 100 test sets, though the five images of a group are right or wrong together."""
    inside = 0
    for seed in range(40):
        predictions = draw_calibrated(60, seed)
        error = score_reliability(predictions.y_true, predictions.logits)["expected_calibration_error"]
        chance = estimate_chance_error(predictions)
        inside += chance.low <= error <= chance.high
    assert inside >= 35


def test_probabilities_that_are_too_sure_are_beyond_chance() -> None:
    predictions = draw_calibrated(200, 0)
    error = score_reliability(predictions.y_true, 3 * predictions.logits)["expected_calibration_error"]
    sure = Predictions(predictions.images, predictions.classes, predictions.y_true, 3 * predictions.logits)
    assert error > estimate_chance_error(sure).high


def test_what_chance_gives_equals_the_binomial_where_it_is_worked_by_hand() -> None:
    """100 images of a group each with a probability of 1/2: the mean of |X / 100 - 1/2| is 0.0398."""
    logits = np.tile([0.0, 0.0, -50.0], (100, 1))
    chance = estimate_chance_error(build_predictions(np.zeros(100, int), logits, range(100)))
    assert chance.value == pytest.approx(0.0398, abs=0.003)
    assert [chance.low, chance.high] == pytest.approx([0, 0.1], abs=0.011)
    # In one group all are right or all are wrong.
    alike = estimate_chance_error(build_predictions(np.zeros(100, int), logits, np.zeros(100, int)))
    assert (alike.low, alike.value, alike.high) == (0.5, 0.5, 0.5)


def test_the_band_of_each_bin_holds_its_confidence() -> None:
    predictions = draw_calibrated(200, 0)
    rows = build_reliability_rows(predictions, predictions)
    calibrated = [row for row in rows if row["probabilities"] == "calibrated"]
    assert len(rows) == 2 * len(calibrated)
    assert all(0 <= row["low"] < row["confidence"] < row["high"] <= 1 for row in calibrated)
    assert not any("low" in row for row in rows if row["probabilities"] == "as predicted")
