"""Proportions of test images that are correct, with intervals over groups."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.binomial import bound_mean, bound_proportions
from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.interval import Estimate

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
