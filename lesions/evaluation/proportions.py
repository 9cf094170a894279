"""Parts of the test images that are hit, measured over groups."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from lesions.evaluation.bootstrap import resample_sums, sum_by_group
from lesions.evaluation.interval import LEVEL, Estimate, Measurement, estimate_all_or_none
from lesions.evaluation.resampled_scores import divide, mean_where_defined

Flags = NDArray[np.bool_]


def estimate_proportions(
    hits: Flags, among: Sequence[Flags], group_id: pd.Series, *, seed: int
) -> Iterator[Estimate]:
    """Put a 95 % interval around the part of each of some sets of images (N,) that is hit (N,).

    It is Clopper and Pearson's (1934) for as many independent images as would spread as the resamples of groups do,
    at most those that there are (Korn and Graubard 1998, Survey Methodology 24, 193-201): few misses, of few groups,
    say little of how much misses vary, but much of how rare they are.
    """
    measured = measure_mean_proportions(hits, [one[:, None] for one in among], group_id, seed=seed)
    for one, found in zip(among, measured, strict=True):
        num_groups = group_id[one].nunique()
        if found.value in (0, 1):
            yield estimate_all_or_none(found.value, num_groups)
            continue
        variance = float(np.nanvar(found.resamples)) * num_groups / max(1, num_groups - 1)
        # A single group spreads nothing.
        trials = min(float(one.sum()), found.value * (1 - found.value) / variance) if variance else num_groups
        hit = found.value * trials
        tail = (1 - LEVEL) / 2
        low, high = beta.ppf(tail, hit, trials - hit + 1), beta.ppf(1 - tail, hit + 1, trials - hit)
        yield Estimate(found.value, float(low), float(high))


def measure_mean_proportions(
    hits: Flags, families: Sequence[Flags], group_id: pd.Series, *, seed: int
) -> Iterator[Measurement]:
    """Measure for each family of sets of images the mean, over its sets, of the part that is hit.

    Parameters
    ----------
    hits : (N,) bool
    families : each (N, C) bool
        Which images are in each set; none is empty. A set that a resample leaves empty is left out of its mean.
    group_id : (N,)
    """
    # All at once: drawing the resamples takes longer than adding up.
    columns = np.concatenate([side for among in families for side in (among & hits[:, None], among)], axis=1)
    sums = resample_sums(columns.astype(float), group_id, seed=seed)
    start = 0
    for among in families:
        support = among.sum(axis=0)
        part = (among & hits[:, None]).sum(axis=0) / support
        found, members = np.split(sums[start : start + 2 * len(support)], 2)
        start += 2 * len(support)
        influences = (among * (hits[:, None] - part) / support).mean(axis=1)
        yield Measurement(
            float(part.mean()), mean_where_defined(divide(found, members)), sum_by_group(influences, group_id)
        )
