"""Tests of leaks, against values worked by hand and random splits."""

import numpy as np
import pandas as pd
import pytest

from lesions.splitting.leak import expect_leaked, find_leaked


def test_a_test_image_leaks_if_its_group_is_also_in_training() -> None:
    group_id = pd.Series(["a", "a", "b", "b", "c", "d", "d"])
    split = pd.Series(["train", "test", "test", "val", "test", "train", "train"])
    assert find_leaked(group_id, split).tolist() == [False, True, False, False, False, False, False]


def test_expected_leaks_match_values_worked_by_hand() -> None:
    # Two of the four other images are drawn for training. They include the other image of a pair with probability
    # 2/4, and neither sibling in a group of three with probability C(2, 2) / C(4, 2) = 1/6.
    probabilities = expect_leaked(pd.Series(["pair", "pair", "three", "three", "three"]), num_train=2)
    assert probabilities == pytest.approx([1 / 2, 1 / 2, 5 / 6, 5 / 6, 5 / 6])


def test_expected_leaks_match_random_splits() -> None:
    generator = np.random.default_rng(0)
    group_id = pd.Series(generator.integers(60, size=150).astype(str))
    leaked = tested = 0
    for _ in range(400):
        split = pd.Series(generator.permutation(["train"] * 100 + ["val"] * 20 + ["test"] * 30))
        leaked += int(find_leaked(group_id, split).sum())
        tested += 30
    assert leaked / tested == pytest.approx(expect_leaked(group_id, 100).mean(), abs=0.01)


def test_an_image_without_siblings_cannot_leak() -> None:
    assert expect_leaked(pd.Series(["a", "b", "c"]), num_train=2).tolist() == [0, 0, 0]


def test_without_siblings_the_leak_is_zero_and_not_minus_zero() -> None:
    leaked = expect_leaked(pd.Series([f"g{n}" for n in range(9)]), num_train=5)
    assert leaked.tolist() == [0] * 9
    assert not np.signbit(leaked).any()
