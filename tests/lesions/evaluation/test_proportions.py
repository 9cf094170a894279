"""Intervals of proportions of test images."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from lesions.evaluation.interval import Estimate
from lesions.evaluation.proportions import estimate_proportions


def estimate(hits: list[bool], group_id: list[int]) -> Estimate:
    everything = [np.ones(len(hits), dtype=bool)]
    (proportion,) = estimate_proportions(np.array(hits), everything, pd.Series(group_id))
    return proportion


@pytest.mark.parametrize("misses", [1, 5, 40])
def test_with_one_image_per_group_the_interval_is_clopper_and_pearsons(misses: int) -> None:
    proportion = estimate([False] * misses + [True] * (80 - misses), list(range(80)))
    exact = binomtest(80 - misses, 80).proportion_ci()
    assert proportion.value == (80 - misses) / 80
    assert (proportion.low, proportion.high) == pytest.approx((exact.low, exact.high), abs=0.01)


def test_identical_images_of_a_group_do_not_narrow_the_interval() -> None:
    hits, groups = [False] * 8 + [True] * 32, list(range(40))
    once, thrice = estimate(hits, groups), estimate(hits * 3, groups * 3)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), abs=0.01)


def test_a_single_group_gives_a_very_wide_interval() -> None:
    proportion = estimate([True, False], [0, 0])
    assert proportion.low < 0.05
    assert proportion.high > 0.95
