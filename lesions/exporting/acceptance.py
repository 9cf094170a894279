"""From which score on an image is said not to be like the training images."""

from math import ceil

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DECIMALS = 4


def find_highest_accepted(scores: NDArray[np.floating], group_id: pd.Series, accepted_fraction: float) -> float:
    """Return the score that a share of groups do not exceed with any image, rounded up.

    As in split conformal prediction, it is that of the ⌈share · (G + 1)⌉-th of G groups, so that a new group is
    accepted about as often; if there is no such group, it is the highest.

    Parameters
    ----------
    scores : (N,)
        Of validation images; higher is less like the training images.
    group_id : (N,)
    accepted_fraction
        The share of the groups, between 0 and 1.
    """
    largest = np.sort(pd.Series(scores.astype(np.float64)).groupby(group_id.to_numpy()).max().to_numpy())
    place = min(len(largest), ceil(round(accepted_fraction * (len(largest) + 1), 9)))
    return ceil(float(largest[place - 1]) * 10**DECIMALS) / 10**DECIMALS
