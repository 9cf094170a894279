"""How far two sets of images are apart in one property, from 0 (the same) to 1 (nothing in common)."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]


class EnergyShare:
    """The energy distance of two sets as a share of twice the mean distance between them (Székely and Rizzo 2013).

    With d the distance of two images, x and x' of the first set, y and y' of the second:
    (2 E d(x, y) - E d(x, x') - E d(y, y')) / (2 E d(x, y)). It is 0 only if both have the same distribution. It takes
    weights of groups, so that a permutation or a resample of whole groups costs one sum.

    Each group counts once, however many images it has. Otherwise a few large groups would decide, and permutations,
    in which another few have their place, would say little.

    Parameters
    ----------
    distances : (N, N) float
        Between images.
    groups : (N,) int
        From 0 to G - 1.
    """

    def __init__(self, distances: Floats, groups: NDArray[np.int64]) -> None:
        G, N = int(groups.max()) + 1, len(groups)
        share = 1 / np.bincount(groups, minlength=G)[groups]
        member = csr_array((share, (groups, np.arange(N))), shape=(G, N))
        self._between_groups = np.asarray(member @ (member @ distances).T)  # (G, G)

    def measure(self, first: Floats, second: Floats) -> Floats:
        """Return the distances (R,) between sets with the weights (R, G) of each group."""
        first, second = (side / side.sum(axis=1, keepdims=True) for side in (first, second))
        from_first, from_second = first @ self._between_groups, second @ self._between_groups
        between = 2 * (from_first * second).sum(axis=1)
        within = (from_first * first).sum(axis=1) + (from_second * second).sum(axis=1)
        return np.divide(between - within, between, out=np.zeros_like(between), where=between > 0).clip(0, 1)


def measure_distances(values: pd.Series | Floats) -> Floats:
    """Return the distances (N, N) between images.

    Of numbers, the absolute difference; of words, 1 if they differ; of vectors, Euclid's after dividing each channel
    by its standard deviation in all images, so that it does not matter which set an image is of.
    """
    if isinstance(values, np.ndarray):
        std = values.std(axis=0)
        scaled = values[:, std > 0] / std[std > 0]
        return np.asarray(cdist(scaled, scaled))
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(np.float64)
        return np.abs(numbers[:, None] - numbers)
    codes = pd.factorize(values)[0]
    return (codes[:, None] != codes).astype(np.float64)
