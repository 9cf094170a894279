"""Resample whole groups of test images."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NUM_RESAMPLES = 2000

COUNTS_AT_ONCE = 10_000_000
"""Counts in one block of resamples, 8 bytes each."""


def draw_resamples(
    group_id: pd.Series, *, seed: int, num_resamples: int = NUM_RESAMPLES
) -> Iterator[NDArray[np.float64]]:
    """Resample groups with replacement, and yield how often each image occurs in each resample.

    Images of one patient or lesion are alike, so resampling them one by one would overstate the evidence
    (Davison and Hinkley 1997, Bootstrap Methods, section 3.8).

    Parameters
    ----------
    group_id : (N,)
        The group of each image.

    Yields
    ------
    (N, R) float
        Blocks of resamples, `num_resamples` columns in total. The same groups and seed give the same resamples.
    """
    codes, groups = pd.factorize(group_id)
    for draws in _draw_groups(len(groups), len(codes), seed=seed, num_resamples=num_resamples):
        yield draws[codes]


def resample_sums(
    values: NDArray[np.floating], group_id: pd.Series, *, seed: int, num_resamples: int = NUM_RESAMPLES
) -> NDArray[np.float64]:
    """Sum the values of the images in each resample of groups; `draw_resamples` yields the same resamples.

    Parameters
    ----------
    values : (N, C) float
    group_id : (N,)

    Returns
    -------
    (C, R) float
    """
    sums = sum_by_group(values, group_id)
    draws = _draw_groups(len(sums), len(sums), seed=seed, num_resamples=num_resamples)
    return np.concatenate([sums.T @ block for block in draws], axis=1)


def sum_by_group(values: NDArray[np.number], group_id: pd.Series) -> NDArray[np.float64]:
    """Sum the values of images, (N, …), by group, (G, …)."""
    codes, groups = pd.factorize(group_id)
    sums = np.zeros((len(groups), *values.shape[1:]))
    np.add.at(sums, codes, values)
    return sums


def _draw_groups(G: int, num_rows: int, *, seed: int, num_resamples: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each group occurs in each resample, (G, R), in blocks that fit in memory at `num_rows` rows."""
    generator = np.random.default_rng(seed)
    at_once = max(1, COUNTS_AT_ONCE // num_rows)
    for start in range(0, num_resamples, at_once):
        drawn = generator.multinomial(G, np.full(G, 1 / G), size=min(at_once, num_resamples - start))
        # Each group's row is contiguous, because rows are what is summed.
        yield np.ascontiguousarray(drawn.T, dtype=np.float64)
