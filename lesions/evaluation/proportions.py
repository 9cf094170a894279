"""Proportions of test images that are correct, with intervals over groups."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv

from lesions.evaluation.bootstrap import resample_sums, sum_by_group
from lesions.evaluation.interval import LEVEL, Estimate, Measurement, estimate_all_or_none
from lesions.evaluation.resampled_scores import divide, mean_where_defined

Flags = NDArray[np.bool_]


def estimate_proportions(
    hits: Flags, among: Sequence[Flags], group_id: pd.Series, *, seed: int
) -> Iterator[Estimate]:
    """Put a 95 % interval around the proportion of hits (N,) in each of several sets of images (N,).

    The interval is that of Clopper and Pearson (1934) for the effective number of independent images: the number
    whose proportion would have the variance of the resamples of groups, at most the number of images (Korn and
    Graubard 1998, Survey Methodology 24, 193-201). A few misses in few groups say little about how much misses vary,
    but much about how rare they are.
    """
    measured = measure_mean_proportions(hits, [one[:, None] for one in among], group_id, seed=seed)
    for one, proportion in zip(among, measured, strict=True):
        num_groups = group_id[one].nunique()
        if proportion.value in (0, 1):
            yield estimate_all_or_none(proportion.value, num_groups)
            continue
        variance = float(np.nanvar(proportion.resamples)) * num_groups / max(1, num_groups - 1)
        # With a single group, the resamples do not vary.
        value = proportion.value
        trials = min(float(one.sum()), value * (1 - value) / variance) if variance else num_groups
        hit = value * trials
        tail = (1 - LEVEL) / 2
        low, high = betaincinv(hit, trials - hit + 1, tail), betaincinv(hit + 1, trials - hit, 1 - tail)
        yield Estimate(value, float(low), float(high))


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
