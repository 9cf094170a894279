"""Resampling whole groups of test images."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NUM_RESAMPLES = 2000

COUNTS_AT_ONCE = 10_000_000
"""Counts of one block of resamples, of 8 bytes each."""


def draw_resamples(
    group_id: pd.Series, *, seed: int, num_resamples: int = NUM_RESAMPLES
) -> Iterator[NDArray[np.int64]]:
    """Resample groups with replacement, and yield how often each image is in each resample.

    Images of one patient or lesion are alike; resampling them one by one would pretend to more evidence than
    there is (Davison and Hinkley 1997, Bootstrap Methods, section 3.8).

    Parameters
    ----------
    group_id : (N,)
        The group of each image.

    Yields
    ------
    (R, N) int
        Blocks of resamples, `num_resamples` rows in all. The same groups and seed give the same resamples.
    """
    codes, groups = pd.factorize(group_id)
    G = len(groups)
    generator = np.random.default_rng(seed)
    rows = max(1, COUNTS_AT_ONCE // len(codes))
    for start in range(0, num_resamples, rows):
        draws = generator.multinomial(G, np.full(G, 1 / G), size=min(rows, num_resamples - start))
        yield draws[:, codes]


def percentile_interval(resampled: NDArray[np.float64], *, level: float = 0.95) -> tuple[float, float]:
    """Return the bounds between which the middle `level` of the resampled statistics lies."""
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
