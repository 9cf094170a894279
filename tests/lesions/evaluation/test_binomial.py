"""Proportions have Clopper and Pearson's interval, and means of proportions that of MOVER."""

import numpy as np
import pytest
from scipy.stats import beta, binomtest
from scipy.stats import t as student

from lesions.evaluation.binomial import bound_by_trials, bound_mean, bound_proportions


def bound(hits: list[float], members: list[float]) -> tuple[float, float]:
    _, low, high = bound_proportions(np.array([hits]).T.astype(float), np.array([members]).T.astype(float))
    return float(low[0]), float(high[0])


@pytest.mark.parametrize(("num_hits", "num_images"), [(299, 300), (19, 20), (20, 20), (0, 3), (1, 2), (150, 300)])
def test_with_one_image_per_group_the_interval_is_clopper_and_pearsons(num_hits: int, num_images: int) -> None:
    hits = [1.0] * num_hits + [0.0] * (num_images - num_hits)
    exact = binomtest(num_hits, num_images).proportion_ci()
    assert bound(hits, [1.0] * num_images) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_like_images_within_groups_count_once() -> None:
    """Of 40 groups with 3 like images each, 8 are misses; the interval is that of 40 images, and not narrower."""
    low, high = bound([0.0] * 8 + [3.0] * 32, [3.0] * 40)
    exact = binomtest(32, 40).proportion_ci()
    assert exact.low - 0.01 < low < exact.low
    assert exact.high < high < exact.high + 0.01


def test_the_effective_number_of_images_by_hand() -> None:
    """Four groups of 2 images with 2, 2, 1 and 0 hits.

    The part is 5/8, and its variance 4/3 · (2 · 0.75² + 0.25² + 1.25²) / 64 = 11/192. Independent images would have
    (15/64) / 7, so that the inflation is 77/45. Student's quantiles of 4 and 7 degrees of freedom multiply it.
    """
    trials = 8 / (77 / 45 * (student.ppf(0.975, 4) / student.ppf(0.975, 7)) ** 2)
    low, high = (
        beta.ppf(0.025, 5 / 8 * trials, 3 / 8 * trials + 1),
        beta.ppf(0.975, 5 / 8 * trials + 1, 3 / 8 * trials),
    )
    assert bound([2.0, 2.0, 1.0, 0.0], [2.0] * 4) == pytest.approx((low, high))


def test_one_miss_says_little_of_how_alike_images_are_by_hand() -> None:
    """In 100 groups of 4 images, a single image is a miss: at most a third of a group counts as alike.

    The inflation of the variance is 1, as for independent images, and (1 + 4 / 3) / (4 / 3) = 1.75 with that third.
    """
    exact = [beta.ppf(0.025, 399 / 1.75, 1 / 1.75 + 1), beta.ppf(0.975, 399 / 1.75 + 1, 1 / 1.75)]
    assert bound([3.0] + [4.0] * 99, [4.0] * 100) == pytest.approx(exact, abs=2e-5)


def test_groups_are_the_trials_if_all_images_are_hits() -> None:
    assert bound([4.0] * 5, [4.0] * 5) == pytest.approx((0.025 ** (1 / 5), 1))


def test_a_single_group_gives_a_very_wide_interval() -> None:
    low, high = bound([1.0], [2.0])
    assert low < 0.05
    assert high > 0.95


def test_the_bound_of_a_perfect_mean_depends_on_the_rarest_class_by_hand() -> None:
    """Three of three allow a part of 0.29; together with the other six, a mean of 0.89."""
    sizes = np.array([29, 46, 98, 3, 100, 606, 13])
    low, high = bound_by_trials(np.ones(7), sizes.astype(float))
    assert low[3] == pytest.approx(0.025 ** (1 / 3)) == pytest.approx(0.2924, abs=1e-4)
    expected = 1 - np.sqrt(((1 - 0.025 ** (1 / sizes)) ** 2).sum()) / 7
    assert bound_mean(np.ones(7), low, high) == pytest.approx((1, expected, 1))
    assert expected == pytest.approx(0.8908, abs=1e-4)


def test_the_mean_of_one_part_has_its_interval() -> None:
    assert bound_mean(np.array([0.5]), np.array([0.2]), np.array([0.9])) == pytest.approx((0.5, 0.2, 0.9))
