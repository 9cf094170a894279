"""Proportions of test images that are correct, with intervals over groups."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.binomial import bound_mean, bound_proportions
from lesions.evaluation.bootstrap import resample_sums, sum_by_group
from lesions.evaluation.evidence import weigh_proportions
from lesions.evaluation.interval import Estimate
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.resampled_scores import divide

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
        Which images are in each of the family's C sets; no set is empty. A set that a resample lacks keeps its
        proportion in all images there.
    group_id : (N,)
    """
    # One call for all families, because drawing the resamples takes longer than summing.
    columns = np.concatenate([side for among in families for side in (among & hits[:, None], among)], axis=1)
    by_group = sum_by_group(columns.astype(float), group_id)
    sums = resample_sums(columns.astype(float), group_id, seed=seed)
    start = 0
    for among in families:
        stop = start + 2 * among.shape[1]
        right, members = np.split(by_group[:, start:stop], 2, axis=1)
        right_sums, member_sums = np.split(sums[start:stop], 2)
        start = stop
        support = members.sum(axis=0)
        part = right.sum(axis=0) / support
        resamples = np.where(member_sums > 0, divide(right_sums, member_sums), part[:, None]).mean(axis=0)
        influences = ((right - part * members) / support).mean(axis=1)
        yield Measurement(float(part.mean()), resamples, influences, evidence=weigh_proportions(right, members))
