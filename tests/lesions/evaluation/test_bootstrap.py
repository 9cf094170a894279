"""Resampling keeps each group whole."""

import numpy as np
import pandas as pd
import pytest

from lesions.evaluation import bootstrap as module
from lesions.evaluation.bootstrap import draw_resamples


def means(values: np.ndarray, groups: pd.Series) -> np.ndarray:
    """Return the mean of the values in each resample."""
    counts = np.concatenate(list(draw_resamples(groups, seed=0)), axis=1)
    return values @ counts / counts.sum(axis=0)


def test_doubling_every_image_within_its_group_does_not_change_the_means() -> None:
    values = np.random.default_rng(0).normal(size=200)
    groups = pd.Series([f"g{n}" for n in range(200)])
    np.testing.assert_allclose(means(values, groups), means(np.repeat(values, 2), groups.repeat(2)))


def test_groups_stay_whole_and_each_resample_has_as_many_groups_as_the_original() -> None:
    groups = pd.Series(["a", "b", "a", "c", "b", "a"])
    counts = np.concatenate(list(draw_resamples(groups, seed=0, num_resamples=50)), axis=1)
    assert counts.shape == (6, 50)
    np.testing.assert_array_equal(counts[[0, 0, 1]], counts[[2, 5, 4]])
    np.testing.assert_array_equal(counts[[0, 1, 3]].sum(axis=0), 3)
    assert len(np.unique(counts, axis=1).T) > 5


def test_resamples_drawn_in_blocks_equal_those_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = pd.Series(["a", "b", "a", "c", "b", "a"])
    at_once = list(draw_resamples(groups, seed=0, num_resamples=50))
    monkeypatch.setattr(module, "COUNTS_AT_ONCE", 7 * len(groups))
    blocks = list(draw_resamples(groups, seed=0, num_resamples=50))
    assert [block.shape[1] for block in blocks] == [7] * 7 + [1]
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), at_once[0])
