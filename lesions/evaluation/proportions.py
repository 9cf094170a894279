"""Proportions of test images that are correct, with intervals over groups."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.binomial import bound_mean, bound_proportions
from lesions.evaluation.bootstrap import resample_sums, sum_by_group
from lesions.evaluation.interval import Estimate, Measurement
from lesions.evaluation.resampled_scores import divide, mean_where_defined

Flags = NDArray[np.bool_]


def estimate_proportions(hits: Flags, among: Sequence[Flags], group_id: pd.Series) -> Iterator[Estimate]:
    """Put a 95 % interval around the proportion of hits (N,) in each of several sets of images (N,).

    `lesions.evaluation.binomial` has the method. A few misses in few groups say little about how much misses
    vary, but much about how rare they are.
    """
    return estimate_mean_proportions(hits, [one[:, None] for one in among], group_id)


def estimate_mean_proportions(hits: Flags, families: Sequence[Flags], group_id: pd.Series) -> Iterator[Estimate]:
    """Put a 95 % interval around the mean proportion of hits over the sets of each family.

    Parameters
    ----------
    hits : (N,) bool
    families : each (N, C) bool
        Which images are in each of the family's C sets, for example those of each diagnosis; no set is empty.
    group_id : (N,)
    """
    for among in families:
        members, right = (sum_by_group(side.astype(float), group_id) for side in (among, among & hits[:, None]))
        yield Estimate(*bound_mean(*bound_proportions(right, members)))


def measure_mean_proportions(
    hits: Flags, families: Sequence[Flags], group_id: pd.Series, *, seed: int
) -> Iterator[Measurement]:
    """Measure the mean proportion of hits over the sets of each family.

    Parameters
    ----------
    hits : (N,) bool
    families : each (N, C) bool
        Which images are in each of the family's C sets; no set is empty. A set that is empty in a resample is omitted
        from the mean of that resample.
    group_id : (N,)
    """
    # One call for all families, because drawing the resamples takes longer than summing.
    columns = np.concatenate([side for among in families for side in (among & hits[:, None], among)], axis=1)
    sums = resample_sums(columns.astype(float), group_id, seed=seed)
    start = 0
    for among in families:
        support = among.sum(axis=0)
        part = (among & hits[:, None]).sum(axis=0) / support
        hit_sums, member_sums = np.split(sums[start : start + 2 * len(support)], 2)
        start += 2 * len(support)
        influences = (among * (hits[:, None] - part) / support).mean(axis=1)
        yield Measurement(
            float(part.mean()), mean_where_defined(divide(hit_sums, member_sums)), sum_by_group(influences, group_id)
        )
