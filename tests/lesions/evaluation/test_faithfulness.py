"""The mean gain of maps over shuffled ones has Student's interval, and decides whether maps mean anything."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from lesions.evaluation.faithfulness import Faithfulness, describe_faithfulness, estimate_mean
from lesions.formats.json_file import read_json, write_metrics


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


def test_images_that_are_all_alike_show_no_bounds() -> None:
    assert estimate_mean(np.full(5, 0.2)).bounds == {"low": None, "high": None}


def test_of_maps_that_are_all_empty_nothing_is_said_of_the_rim(tmp_path: Path) -> None:
    summary = Faithfulness(np.zeros(5), np.zeros(5), np.full(5, np.nan)).summarise()
    write_metrics(tmp_path / "explain.json", summary)
    held = read_json(tmp_path / "explain.json")
    null = [f"{name}_{end}" for name in ("deletion", "insertion", "rim_share") for end in ("low", "high")]
    assert {name: held[name] for name in ("num_empty", "rim_share", *null)} == {
        "num_empty": 5,
        "rim_share": None,
        **dict.fromkeys(null),
    }
    assert describe_faithfulness("Grad-CAM maps", summary) == (
        "The Grad-CAM maps do not name the places that decide better than shuffled maps do, so that they mean "
        "nothing: they do better in deletion by 0.000 and insertion by 0.000, on 5 test images. They mark nothing."
    )
