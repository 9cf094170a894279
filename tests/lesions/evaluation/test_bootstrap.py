"""Resampling groups: what it gives is what theory and scipy say."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from lesions.evaluation.bootstrap import bootstrap_groups, percentile_interval


def test_single_images_are_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(0).normal(size=200)
    groups = pd.Series([f"g{n}" for n in range(200)])
    found = percentile_interval(bootstrap_groups(groups, lambda images: values[images].mean(), seed=0))
    expected = bootstrap((values,), np.mean, method="percentile", n_resamples=5000, rng=1).confidence_interval
    assert found == pytest.approx((expected.low, expected.high), abs=0.02)


def test_doubling_every_image_within_its_group_narrows_nothing() -> None:
    values = np.random.default_rng(0).normal(size=200)
    groups = pd.Series([f"g{n}" for n in range(200)])
    once = bootstrap_groups(groups, lambda images: values[images].mean(), seed=0)
    doubled = np.repeat(values, 2)
    twice = bootstrap_groups(groups.repeat(2), lambda images: doubled[images].mean(), seed=0)
    np.testing.assert_allclose(once, twice)


def test_groups_stay_whole() -> None:
    groups = pd.Series(["a", "b", "a", "c", "b", "a"])

    def check(images: np.ndarray) -> float:
        counts = np.bincount(images, minlength=6)
        assert counts[0] == counts[2] == counts[5]
        assert counts[1] == counts[4]
        assert counts[0] + counts[1] + counts[3] == 3
        return 0.0

    assert len(bootstrap_groups(groups, check, seed=0, num_resamples=50)) == 50


def test_the_middle_of_the_interval() -> None:
    assert percentile_interval(np.arange(101.0), level=0.9) == pytest.approx((5, 95))
