"""The threshold for malignancy: its rank, what is to be expected of it, and the interval with its luck."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, norm

from lesions.evaluation.proportions import estimate_proportions
from lesions.evaluation.thresholds import Threshold, choose_threshold, estimate_with_luck

PROBABILITY = np.arange(1, 41) / 40


def choose(num_malignant: int, sensitivity: float = 0.95) -> Threshold:
    """Choose a threshold where the malignant images have the highest of 40 probabilities."""
    return choose_threshold(np.arange(40) >= 40 - num_malignant, PROBABILITY, sensitivity)


@pytest.mark.parametrize(
    ("num_malignant", "sensitivity", "rank", "value"),
    [
        (39, 0.95, 38, 3 / 40),  # 0.95 of 40 are 38 exactly
        (38, 0.95, 38, 3 / 40),  # 37.05
        (20, 0.95, 20, 21 / 40),  # 19.95
        (19, 0.95, 19, 22 / 40),  # 19 exactly
        (20, 0.9, 19, 22 / 40),  # 18.9
        (20, 0.5, 11, 30 / 40),  # 10.5
        (20, 0.01, 1, 40 / 40),
    ],
)
def test_without_groups_the_rank_is_the_sensitivity_of_one_image_more(
    num_malignant: int, sensitivity: float, rank: int, value: float
) -> None:
    found = choose(num_malignant, sensitivity)
    assert (found.rank, found.value, found.num_images) == (rank, value, num_malignant)
    assert found.design_effect == pytest.approx(1)
    assert found.expected_sensitivity == pytest.approx(rank / (num_malignant + 1))
    assert found.expected_sensitivity >= sensitivity - 1e-9
    assert not found.calls_all


@pytest.mark.parametrize(("num_malignant", "sensitivity"), [(18, 0.95), (1, 0.95), (40, 1.0)])
def test_with_too_few_images_all_are_called(num_malignant: int, sensitivity: float) -> None:
    found = choose(num_malignant, sensitivity)
    assert found.calls_all
    assert (found.value, found.expected_sensitivity) == (0, 1)


def test_images_that_are_alike_count_less() -> None:
    """40 groups of five copies: the fifth of low probability varies as that of 40 images does, and not of 200."""
    copies = np.repeat(PROBABILITY, 5) + np.tile(np.arange(5) * 1e-6, 40)
    group = pd.Series(np.arange(200) // 5)
    found = choose_threshold(np.ones(200, dtype=bool), copies, 0.9, group)
    effect = 5 * (40 / 39) / (200 / 199)
    assert found.design_effect == pytest.approx(effect)
    # 0.9 of 200, a half, and 0.4 of the design effect: 182.55.
    assert found.rank == 183
    assert found.expected_sensitivity == pytest.approx((183 + (effect - 1) / 2) / (200 + effect))
    alone = choose_threshold(np.ones(200, dtype=bool), copies, 0.9, pd.Series(range(200)))
    assert alone.rank == choose_threshold(np.ones(200, dtype=bool), copies, 0.9).rank == 181


def test_low_probabilities_that_are_equal_are_low() -> None:
    """Of 40 groups of five copies the ten lowest are equal, as rounding to 0 makes them: effect as of 40 images."""
    copies = np.repeat(np.maximum(PROBABILITY, 10 / 40), 5)
    effect = choose_threshold(np.ones(200, dtype=bool), copies, 0.9, pd.Series(np.arange(200) // 5)).design_effect
    assert effect == pytest.approx(5 * (40 / 39) / (200 / 199))


def test_images_that_are_all_equal_count_by_group() -> None:
    """Groups of 10, 10, 10 and 30: (3 x 100 + 900) / 60 are 20, and 0.9 of 60, a half, and 0.4 of 20: 62.5."""
    group = pd.Series(np.repeat(np.arange(4), [10, 10, 10, 30]))
    found = choose_threshold(np.ones(60, dtype=bool), np.full(60, 0.3), 0.9, group)
    assert (found.design_effect, found.rank, found.calls_all) == (20, 63, True)


@pytest.mark.parametrize("likeness", [0.0, 0.8])
def test_the_mean_sensitivity_is_what_is_asked_for_with_groups_of_1_to_10_images(likeness: float) -> None:
    """With 30 malignant groups, k of m would reach 0.93 on average."""
    reached = []
    for seed in range(400):
        generator = np.random.default_rng(seed)
        group = np.repeat(np.arange(30), generator.integers(1, 11, 30))
        shared, own = generator.normal(size=(2, len(group)))
        odds = np.exp(np.sqrt(likeness) * shared[group] + np.sqrt(1 - likeness) * own)
        chosen = choose_threshold(np.ones(len(group), dtype=bool), odds, 0.95, pd.Series(group))
        reached.append(1.0 if chosen.calls_all else norm.sf(np.log(chosen.value)))
    assert 0.947 < np.mean(reached) < 0.965


def test_images_of_one_patient_are_one_trial() -> None:
    assert choose_threshold(np.ones(40, dtype=bool), PROBABILITY, 0.95, pd.Series(np.zeros(40))).calls_all


@pytest.mark.parametrize("value", [0.55, 0.0741919999, 0.0741920001, 3.14159265e-7, 1.0, 0.0])
def test_a_rounded_threshold_calls_the_image_that_it_was_chosen_by(value: float) -> None:
    rounded = Threshold(value, 1, 1, 1.0).round_down().value
    assert rounded <= value
    assert rounded == pytest.approx(value, rel=2e-5)


def test_the_interval_with_luck_is_that_of_the_images_of_both_splits() -> None:
    """100 images on either side, 90 found: as 50 images of which 45 are found."""
    hits, groups = np.arange(100) >= 10, pd.Series(range(100))
    found = estimate_with_luck(hits, groups, hits, groups)
    exact = binomtest(45, 50).proportion_ci(method="exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    assert found.value == 0.9


@pytest.mark.parametrize(("hits", "value"), [(np.ones(40, dtype=bool), 1.0), (np.zeros(40, dtype=bool), 0.0)])
def test_all_or_none_counts_groups(hits: np.ndarray, value: float) -> None:
    """40 images of 20 groups on either side: as 10 trials."""
    groups = pd.Series(np.arange(40) // 2)
    exact = binomtest(int(10 * value), 10).proportion_ci(method="exact")
    found = estimate_with_luck(hits, groups, hits, groups)
    assert [found.value, found.low, found.high] == pytest.approx([value, exact.low, exact.high])


def test_the_interval_with_luck_counts_images_as_that_of_the_threshold_itself() -> None:
    """A threshold of uncountably many validation images has no luck: its two intervals are the same."""
    hits, groups = np.repeat(np.arange(40) >= 4, 3), pd.Series(np.arange(120) // 3)
    endless = np.arange(10**6) >= 10**5
    found = estimate_with_luck(endless, pd.Series(range(10**6)), hits, groups)
    (of_threshold,) = estimate_proportions(hits, [np.ones(120, dtype=bool)], groups)
    assert (found.low, found.high) == pytest.approx((of_threshold.low, of_threshold.high), abs=1e-5)


def test_the_interval_with_luck_holds_what_was_asked_for() -> None:
    """In 400 pairs of splits with 30 malignant groups of 1 to 10 images, heavy-tailed: 0.93 at least."""
    held = []
    for seed in range(400):
        generator = np.random.default_rng(seed)
        splits = []
        for _ in range(2):
            group = np.repeat(np.arange(30), generator.integers(1, 11, 30))
            shared, own = generator.standard_t(5, size=(2, len(group)))
            splits.append((np.exp(np.sqrt(0.6) * shared[group] + np.sqrt(0.4) * own), pd.Series(group)))
        (val, val_groups), (test, test_groups) = splits
        threshold = choose_threshold(np.ones(len(val), dtype=bool), val, 0.95, val_groups).value
        found = estimate_with_luck(val >= threshold, val_groups, test >= threshold, test_groups)
        held.append(found.low <= 0.95 <= found.high)
    assert np.mean(held) >= 0.93
