"""Intervals of parts of the test images."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from lesions.evaluation.interval import Estimate
from lesions.evaluation.proportions import estimate_proportions


def estimate(hits: list[bool], group_id: list[int]) -> Estimate:
    everything = [np.ones(len(hits), dtype=bool)]
    (found,) = estimate_proportions(np.array(hits), everything, pd.Series(group_id), seed=0)
    return found


@pytest.mark.parametrize("misses", [1, 5, 40])
def test_of_single_images_the_interval_is_clopper_and_pearsons(misses: int) -> None:
    found = estimate([False] * misses + [True] * (80 - misses), list(range(80)))
    exact = binomtest(80 - misses, 80).proportion_ci()
    assert found.value == (80 - misses) / 80
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.01)


def test_images_of_a_group_that_say_the_same_narrow_nothing() -> None:
    hits, groups = [False] * 8 + [True] * 32, list(range(40))
    once, thrice = estimate(hits, groups), estimate(hits * 3, groups * 3)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), abs=0.01)


def test_a_single_group_says_next_to_nothing() -> None:
    found = estimate([True, False], [0, 0])
    assert found.low < 0.05
    assert found.high > 0.95
