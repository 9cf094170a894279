"""Intervals of proportions of test images, and of their means."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lesions.evaluation.estimation import estimate_metrics
from lesions.evaluation.evidence import weigh_proportions
from lesions.evaluation.interval import estimate_difference
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.proportions import estimate_mean_proportions, estimate_proportions
from tests.runs import build_predictions


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


def test_the_balanced_accuracy_has_the_interval_of_a_mean_of_recalls() -> None:
    """The class of one group is missing from a third of the resamples, and all its images are right."""
    y_true = np.r_[np.zeros(3, int), np.ones(40, int)]
    hits = np.r_[np.ones(3, bool), np.arange(40) % 2 == 0]
    group_id = pd.Series(np.r_[np.zeros(3), np.arange(1, 41)])
    predictions = build_predictions(y_true, np.eye(2)[np.where(hits, y_true, 1 - y_true)])
    predictions = replace(predictions, images=predictions.images.assign(group_id=group_id))
    (expected,) = estimate_mean_proportions(hits, [y_true[:, None] == [0, 1]], group_id)
    assert estimate_metrics(predictions)["balanced_accuracy"] == expected


def test_a_difference_of_means_without_spread_is_not_certain() -> None:
    """Three groups of one class all right, three of the other all wrong."""
    first, second = (
        Measurement(
            value,
            np.full(100, value),
            np.zeros(6),
            evidence=weigh_proportions(np.full((6, 1), value) * among, among),
        )
        for value, among in ((1.0, np.repeat([[1.0], [0.0]], 3, axis=0)), (0.0, np.repeat([[0.0], [1.0]], 3, axis=0)))
    )
    difference = estimate_difference(first - second)
    assert difference.value == 1
    assert difference.p_value == pytest.approx(0.25)
    assert difference.low <= 0
