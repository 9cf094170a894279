"""Resampling whole groups of test images."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NUM_RESAMPLES = 2000


def bootstrap_groups(
    group_id: pd.Series,
    statistic: Callable[[NDArray[np.int64]], float],
    *,
    seed: int,
    num_resamples: int = NUM_RESAMPLES,
) -> NDArray[np.float64]:
    """Resample groups with replacement, and compute a statistic of the images of each resample.

    Images of one patient or lesion are alike; resampling them one by one would pretend to more evidence than
    there is (Davison and Hinkley 1997, Bootstrap Methods, section 3.8).

    Parameters
    ----------
    group_id : (N,)
        The group of each image.
    statistic
        Takes the images of a resample as indices (M,), some of them more than once.

    Returns
    -------
    (num_resamples,) float
    """
    codes, groups = pd.factorize(group_id)
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    generator = np.random.default_rng(seed)
    draws = generator.integers(len(groups), size=(num_resamples, len(groups)))
    return np.array([statistic(np.concatenate([members[group] for group in drawn])) for drawn in draws])


def percentile_interval(resampled: NDArray[np.float64], *, level: float = 0.95) -> tuple[float, float]:
    """Return the bounds between which the middle `level` of the resampled statistics lies."""
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
