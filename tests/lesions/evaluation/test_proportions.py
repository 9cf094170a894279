"""Intervals of proportions of test images, and of their means."""

import numpy as np
import pandas as pd
import pytest

from lesions.evaluation.interval import estimate_difference, estimate_score
from lesions.evaluation.proportions import (
    estimate_mean_proportions,
    estimate_proportions,
    measure_mean_proportions,
)


def test_each_set_has_its_own_proportion_and_groups() -> None:
    """20 nevi without a mistake among 895 groups: their interval is that of 20 groups."""
    hits = np.r_[np.ones(20, bool), np.arange(875) >= 90]
    inside = np.arange(895) < 20
    slice_, everything = estimate_proportions(hits, [inside, np.ones(895, bool)], pd.Series(range(895)))
    assert (slice_.value, slice_.low, slice_.high) == pytest.approx((1, 0.8316, 1), abs=1e-4)
    assert everything.value == pytest.approx(805 / 895)


def test_a_mean_of_proportions_by_hand() -> None:
    """All of 20 right, none of 10: 0.5, and each class reaches to one side only."""
    hits = np.arange(30) < 20
    families = [np.stack([hits, ~hits], axis=1)]
    (mean,) = estimate_mean_proportions(hits, families, pd.Series(range(30)))
    below, above = (1 - 0.025 ** (1 / 20)) / 2, (1 - 0.025 ** (1 / 10)) / 2
    assert (mean.value, mean.low, mean.high) == pytest.approx((0.5, 0.5 - below, 0.5 + above))


def test_a_measured_mean_has_the_same_interval_and_a_set_that_a_resample_lacks_adds_no_spread() -> None:
    """The class of one group is missing from a third of the resamples, and all its images are right."""
    hits = np.r_[np.ones(3, bool), np.arange(40) % 2 == 0]
    rare = np.arange(43) < 3
    families = [np.stack([rare, ~rare], axis=1)]
    group_id = pd.Series(np.r_[np.zeros(3), np.arange(1, 41)])
    (measured,) = measure_mean_proportions(hits, families, group_id, seed=0)
    (expected,) = estimate_mean_proportions(hits, families, group_id)
    assert estimate_score(measured) == expected
    (common,) = measure_mean_proportions(hits, [families[0][:, 1:]], group_id, seed=0)
    assert measured.resamples == pytest.approx((1 + common.resamples) / 2)


def test_a_difference_of_means_without_spread_is_not_certain() -> None:
    """Three groups of one class all right, three of the other all wrong."""
    hits = np.arange(6) < 3
    families = [hits[:, None], ~hits[:, None]]
    first, second = measure_mean_proportions(hits, families, pd.Series(range(6)), seed=0)
    difference = estimate_difference(first - second)
    assert difference.value == 1
    assert difference.p_value == pytest.approx(0.25)
    assert difference.low <= 0
