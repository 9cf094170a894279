"""How many independent images an interval and a difference need, and for how many the images of groups count."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]

from lesions.evaluation.sample_size import (
    compute_half_width,
    count_for_difference,
    count_for_half_width,
    find_difference,
    measure_clusters,
)


@pytest.mark.parametrize(("hits", "trials"), [(19, 20), (73, 100), (0, 12), (30, 30)])
def test_a_half_width_is_half_of_clopper_and_pearsons_interval(hits: int, trials: int) -> None:
    low, high = proportion_confint(hits, trials, method="beta")
    assert compute_half_width(hits / trials, trials) == pytest.approx((high - low) / 2)


@pytest.mark.parametrize(("score", "half_width"), [(0.95, 0.05), (0.5, 0.1), (0.8, 0.02)])
def test_one_image_fewer_than_needed_gives_a_wider_interval(score: float, half_width: float) -> None:
    needed = count_for_half_width(score, half_width)
    assert compute_half_width(score, needed) <= half_width < compute_half_width(score, 0.995 * needed)


def test_a_difference_needs_as_many_images_as_connors_formula_says() -> None:
    # (1.959964 + 0.841621)² (0.2 - 0.1²) / 0.1² = 149.13
    assert count_for_difference([0.2], 0.1) == pytest.approx(149.13, rel=2e-3)
    # The mean of two classes has half of the variance, with as many images of each.
    assert count_for_difference([0.2, 0.2], 0.1) == pytest.approx(149.13 / 2, rel=2e-3)


def test_the_images_that_a_difference_needs_find_that_difference() -> None:
    assert find_difference([0.2], [count_for_difference([0.2], 0.1)]) == pytest.approx(0.1, abs=1e-3)
    assert find_difference([0.2], [0]) == 1


def test_images_of_a_group_count_for_fewer_independent_ones() -> None:
    clusters = measure_clusters(pd.Series(["a", "b", "c", "c"]))
    # Each image has on average (1 + 1 + 2 + 2) / 4 images in its group.
    assert (clusters.num_groups, clusters.images_per_group, clusters.images_beside) == (3, 4 / 3, 1.5)
    assert clusters.design_effect(0.4) == pytest.approx(1.2)
    # 100 independent images are 120 images, in 90 groups of 4 / 3.
    assert clusters.count_groups(100, 0.4) == 90
    assert clusters.count_independent(90, 0.4) == pytest.approx(100)
    assert clusters.count_groups(np.inf, 0.4) is None


def test_a_half_width_that_no_number_of_images_reaches_is_infinite() -> None:
    assert count_for_half_width(0.5, 1e-6) == np.inf
