"""Parts of the test images that are hit, measured over groups."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.bootstrap import resample_sums, sum_by_group
from lesions.evaluation.interval import Estimate, Measurement, estimate_all_or_none, estimate_score

Flags = NDArray[np.bool_]


def estimate_proportion(hits: Flags, among: Flags, group_id: pd.Series, *, seed: int) -> Estimate:
    """Put an interval around the part of some images (N,) that is hit (N,)."""
    value = float(hits[among].mean())
    if value in (0, 1):
        return estimate_all_or_none(value, group_id[among].nunique())
    return estimate_score(measure_mean_proportion(hits, among[:, None], group_id, seed=seed))


def measure_mean_proportion(hits: Flags, among: Flags, group_id: pd.Series, *, seed: int) -> Measurement:
    """Measure the mean, over some sets of images, of the part that is hit.

    Parameters
    ----------
    hits : (N,) bool
    among : (N, C) bool
        Which images are in each set; none is empty. A set that a resample leaves empty is left out of its mean.
    group_id : (N,)
    """
    hits_among = among & hits[:, None]
    support = among.sum(axis=0)
    part = hits_among.sum(axis=0) / support
    sums = resample_sums(np.concatenate([hits_among, among], axis=1).astype(float), group_id, seed=seed)
    found, members = np.split(sums, 2, axis=1)
    parts = np.divide(found, members, out=np.zeros(members.shape), where=members > 0)
    num_sets = (members > 0).sum(axis=1)
    resamples = np.divide(parts.sum(axis=1), num_sets, out=np.full(len(sums), np.nan), where=num_sets > 0)
    influences = (among * (hits[:, None] - part) / support).mean(axis=1)
    return Measurement(float(part.mean()), resamples, sum_by_group(influences, group_id))
