"""Prediction sets hold the true class as often as they say, for images of new groups."""

import numpy as np
import pandas as pd
import pytest

from lesions.evaluation.class_rules import ClassRule
from lesions.evaluation.prediction_sets import (
    build_sets,
    calibrate_sets,
    find_smallest,
    score_sets,
)
from lesions.tables.predictions import Predictions
from tests.builders import slow


def draw(
    num_groups: int, seed: int, *, shares: tuple[float, ...] = (0.6, 0.3, 0.1), large_are_easy: bool = False
) -> Predictions:
    """Images in groups of one to five that are alike, with heavy tails."""
    generator = np.random.default_rng(seed)
    K = len(shares)
    sizes = generator.integers(1, 6, num_groups)
    group = np.repeat(np.arange(num_groups), sizes)
    y_true = generator.choice(K, num_groups, p=shares)[group]
    shared, own = generator.standard_t(5, (2, len(group), K))
    skill = np.where(large_are_easy, sizes[group], 1.5)
    logits = skill[:, np.newaxis] * np.eye(K)[y_true] + 0.8 * shared[group] + 0.6 * own
    images = pd.DataFrame(
        {"image_id": np.arange(len(group)).astype(str), "group_id": group.astype(str), "split": "val"}
    )
    return Predictions(images, tuple("abc"), y_true, logits)


def read_true(predictions: Predictions) -> np.ndarray:
    """The probability of each image's true class."""
    return predictions.y_prob[np.arange(len(predictions.y_true)), predictions.y_true]


def test_hand_worked_thresholds() -> None:
    probability = np.array([0.05, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    # Of nine images and a new one, each rank is equally likely: below the lowest with probability 1 / 10.
    assert find_smallest(probability, 0.9) == 0.05
    assert find_smallest(probability, 0.8) == 0.2
    assert find_smallest(probability, 0.5) == 0.5
    # Not even one below the lowest is rarer than 1 / 10.
    assert find_smallest(probability, 0.95) == 0
    assert find_smallest(np.array([]), 0.5) == 0


def test_equal_probabilities_are_one_rank() -> None:
    # Of 19 images, 5 have 0.1: a new one with 0.1 has a p-value of 6 / 20, one below of 1 / 20.
    assert find_smallest(np.repeat([0.1, 0.6], [5, 14]), 0.8) == 0.1


def test_one_image_of_each_group_calibrates() -> None:
    predictions = draw(50, 0)
    drawn = predictions.draw_one_per_group(seed=0)
    assert sorted(drawn.images.group_id) == sorted(map(str, range(50)))
    positions = [
        predictions.images.index[predictions.images.group_id == "3"]
        .tolist()
        .index(predictions.draw_one_per_group(seed).images.query("group_id == '3'").index[0])
        for seed in range(40)
    ]
    assert len(set(positions)) == (predictions.images.group_id == "3").sum()


def test_classes_with_few_groups_are_calibrated_with_all_others() -> None:
    rules = calibrate_sets(draw(100, 1), 0.9)
    val = draw(100, 1)
    groups = [val.images.group_id[val.y_true == k].nunique() for k in range(3)]
    assert [rule.is_own for rule in rules] == [count >= 9 for count in groups]
    assert [rule.num_groups for rule in rules] == [count if count >= 9 else 100 for count in groups]
    few = calibrate_sets(draw(30, 2, shares=(0.8, 0.18, 0.02)), 0.9)
    assert not few[2].is_own
    assert few[2].num_groups == 30


@pytest.mark.parametrize("confidence", [slow(0.8), 0.9])
def test_an_image_of_a_new_group_is_covered_as_often_as_asked_in_each_class(confidence: float) -> None:
    covered: dict[int, list[float]] = {0: [], 1: [], 2: []}
    for seed in range(300):
        rules = calibrate_sets(draw(300, seed), confidence)
        test = draw(300, 1000 + seed).draw_one_per_group(seed=0)
        sets = build_sets(test, rules)
        for k in covered:
            among = test.y_true == k
            covered[k].append(float(sets[among, k].mean()))
    means = {k: float(np.mean(values)) for k, values in covered.items()}
    # The mean coverage is at least what was asked, and at most 1 / (n + 1) more; one standard error is about 0.005.
    assert all(confidence - 0.012 < mean < confidence + 1 / 30 + 0.012 for mean in means.values()), means


def test_large_groups_that_are_easy_do_not_stand_for_small_ones() -> None:
    coverage: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(100):
        val = draw(100, seed, large_are_easy=True)
        test = draw(400, 5000 + seed, large_are_easy=True).draw_one_per_group(seed=0)
        for one_each in coverage:
            chosen = val.draw_one_per_group(0) if one_each else val
            smallest = find_smallest(read_true(chosen), 0.9)
            coverage[one_each].append(float((read_true(test) >= smallest).mean()))
    # One standard error is 0.003.
    assert np.mean(coverage[True]) == pytest.approx(0.9, abs=0.012)
    assert np.mean(coverage[False]) < 0.87


def test_scores_are_counted_by_hand() -> None:
    probability = np.log([[0.7, 0.2, 0.1], [0.45, 0.45, 0.1], [0.2, 0.2, 0.6], [0.3, 0.35, 0.35]])
    images = pd.DataFrame({"image_id": list("wxyz"), "group_id": list("1123"), "split": "test"})
    predictions = Predictions(images, tuple("abc"), np.array([0, 1, 0, 2]), probability)
    rules = tuple(ClassRule(smallest, num_groups=10, is_own=True) for smallest in (0.4, 0.4, 0.65))
    scores = score_sets(predictions, rules)
    # The sets are {a}, {a, b}, {} and {}.
    assert (scores.coverage.value, scores.mean_size, scores.single.value, scores.empty.value) == (
        0.5,
        0.75,
        0.25,
        0.5,
    )
    assert {k: estimate.value for k, estimate in scores.by_class.items()} == {0: 0.5, 1: 1, 2: 0}
