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

    Parameters
    ----------
    distances : (N, N) float
        Between images.
    groups : (N,) int
        From 0 to G - 1.
    """

    def __init__(self, distances: Floats, groups: NDArray[np.int64]) -> None:
        G, N = int(groups.max()) + 1, len(groups)
        member = csr_array((np.ones(N), (groups, np.arange(N))), shape=(G, N))
        self._sizes = np.bincount(groups, minlength=G).astype(np.float64)
        self._sums = np.asarray(member @ (member @ distances).T)  # (G, G)

    def measure(self, first: Floats, second: Floats) -> Floats:
        """Return the distances (R,) between sets with the weights (R, G) of each group."""
        num_first, num_second = first @ self._sizes, second @ self._sizes
        from_first, from_second = first @ self._sums, second @ self._sums
        between = 2 * (from_first * second).sum(axis=1) / (num_first * num_second)
        within = (from_first * first).sum(axis=1) / num_first**2 + (from_second * second).sum(axis=1) / num_second**2
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
