"""The mean gain of maps over shuffled ones has Student's interval, and decides whether maps mean anything."""

import numpy as np
import pytest
from scipy import stats

from lesions.evaluation.faithfulness import Faithfulness, describe_faithfulness, estimate_mean


def test_the_interval_of_a_mean_is_students() -> None:
    values = np.array([0.1, 0.3, 0.2, 0.6])
    estimate = estimate_mean(values)
    low, high = stats.t.interval(0.95, 3, loc=values.mean(), scale=stats.sem(values))
    assert (estimate.low, estimate.high) == pytest.approx((low, high))
    assert estimate_mean(values[:1]).bounds == {"low": None, "high": None}


@pytest.mark.parametrize(
    ("deletion", "insertion", "verdict"),
    [
        ([0.1, 0.12, 0.11], [0.2, 0.3, 0.25], "name the places that decide better than shuffled maps do: they"),
        ([0.1, 0.12, 0.11], [0.2, -0.3, 0.25], "by one of two checks only, so that they say little: they"),
        ([0.1, -0.12, 0.11], [0.2, -0.3, 0.25], "so that they mean nothing: they"),
    ],
)
def test_maps_mean_something_only_if_both_gains_are_above_zero(
    deletion: list[float], insertion: list[float], verdict: str
) -> None:
    summary = Faithfulness(np.array(deletion), np.array(insertion), np.array([0.2, np.nan, 0.4])).summarise()
    assert summary["means_something"] is verdict.startswith("name")
    assert (summary["num_empty"], summary["rim_share"]) == (1, pytest.approx(0.3))
    sentence = describe_faithfulness("Grad-CAM maps", summary)
    assert verdict in sentence
    assert ("deletion by 0.110 (0.085 to 0.135)" in sentence) is (deletion[1] > 0)
    assert "30 % of what they mark is on the rim, which is 36 % of the image." in sentence
