"""Distances agree with their definition, for weighted groups too."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import energy_distance

from lesions.drift.distances import EnergyShare, measure_distances

Floats = NDArray[np.float64]

GENERATOR = np.random.default_rng(0)
GROUPS = np.array([0, 0, 1, 2, 2, 2, 3, 4, 4, 5, 6, 6])
NUMBERS = pd.Series(GENERATOR.integers(0, 6, len(GROUPS)).astype(float))
WORDS = pd.Series(GENERATOR.choice(["back", "leg", "face"], len(GROUPS)))
VECTORS = GENERATOR.normal(size=(len(GROUPS), 4)) * [1, 5, 0, 2]


def of_pairs(distances: Floats, first: Floats, second: Floats) -> float:
    """The definition, with images that are there so often that their groups are there as often as they weigh."""
    share = 6 // np.bincount(GROUPS)[GROUPS]
    one, other = (np.repeat(np.arange(len(GROUPS)), share * side[GROUPS].astype(int)) for side in (first, second))
    between = 2 * distances[np.ix_(one, other)].mean()
    return float((between - distances[np.ix_(one, one)].mean() - distances[np.ix_(other, other)].mean()) / between)


@pytest.mark.parametrize("values", [NUMBERS, WORDS, VECTORS], ids=["numbers", "words", "vectors"])
def test_each_group_counts_once_and_as_often_as_it_weighs(values: pd.Series | Floats) -> None:
    first, second = np.random.default_rng(1).integers(0, 4, (2, 30, 7)).astype(float)
    first[:, 0] += 1
    second[:, 1] += 1
    distances = measure_distances(values)
    measured = EnergyShare(distances, GROUPS).measure(first, second)
    expected = [of_pairs(distances, one, other) for one, other in zip(first, second, strict=True)]
    np.testing.assert_allclose(measured, expected, atol=1e-12)


def test_of_numbers_it_is_scipy_s_energy_distance() -> None:
    first, second = np.array([[1.0, 1, 1, 0, 0, 0, 0]]), np.array([[0.0, 0, 0, 1, 1, 1, 1]])
    side, weight = GROUPS < 3, 1 / np.bincount(GROUPS)[GROUPS]
    one, other = NUMBERS[side].to_numpy(), NUMBERS[~side].to_numpy()
    between = 2 * np.average(np.abs(one[:, None] - other), weights=np.outer(weight[side], weight[~side]))
    measured = EnergyShare(measure_distances(NUMBERS), GROUPS).measure(first, second)
    expected = energy_distance(one, other, weight[side], weight[~side]) ** 2
    assert measured[0] * between == pytest.approx(expected)


def test_distances_of_words_and_vectors() -> None:
    assert measure_distances(pd.Series(["a", "b", "a"])).tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    # The first channel has a standard deviation of 2, and the second one of 0.
    assert measure_distances(np.array([[0.0, 7], [4, 7]])).tolist() == [[0, 2], [2, 0]]


def test_the_same_is_0_and_nothing_in_common_is_1() -> None:
    first, second = np.array([[1.0, 1, 0, 0]]), np.array([[0.0, 0, 1, 1]])
    for values in (pd.Series(["a", "a", "b", "b"]), pd.Series([0.0, 0, 5, 5]), np.array([[0.0], [0], [1], [1]])):
        share = EnergyShare(measure_distances(values), np.arange(4))
        assert share.measure(first, second).tolist() == [1]
        assert share.measure(first, first).tolist() == [0]
    assert EnergyShare(np.zeros((4, 4)), np.arange(4)).measure(first, second).tolist() == [0]
