"""How far two sets of images are apart in one property, from 0 (the same) to 1 (nothing in common).

Each distance takes weights of groups, so that permutations and resamples of whole groups cost one sum.
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]

CELLS_AT_ONCE = 10_000_000
"""Numbers in one block of weighted images, 8 bytes each."""


class Distance(ABC):
    """The distance between two weighted sets of groups."""

    @abstractmethod
    def measure(self, first: Floats, second: Floats) -> Floats:
        """Return the distances (R,) between sets with the weights (R, G) of each group."""


class LargestGap(Distance):
    """The largest difference between two cumulative distributions of a number (Kolmogorov and Smirnov)."""

    def __init__(self, values: Floats, groups: NDArray[np.int64]) -> None:
        order = np.argsort(values, kind="stable")
        self._groups = groups[order]
        ordered = values[order]
        self._is_last = np.append(ordered[1:] != ordered[:-1], True)  # of equal values

    def measure(self, first: Floats, second: Floats) -> Floats:
        """Return the distances (R,) between sets with the weights (R, G) of each group."""
        size = max(1, CELLS_AT_ONCE // len(self._groups))
        blocks = (slice(start, start + size) for start in range(0, len(first), size))
        return np.concatenate([self._measure(first[block], second[block]) for block in blocks])

    def _measure(self, first: Floats, second: Floats) -> Floats:
        one, other = (np.cumsum(weights[:, self._groups], axis=1) for weights in (first, second))
        gaps = one / one[:, -1:] - other / other[:, -1:]
        return np.asarray(np.abs(gaps[:, self._is_last]).max(axis=1))


class ShareMoved(Distance):
    """The share of images that would have to be of another category (total variation)."""

    def __init__(self, codes: NDArray[np.int64], groups: NDArray[np.int64]) -> None:
        self._counts = np.zeros((groups.max() + 1, codes.max() + 1))
        np.add.at(self._counts, (groups, codes), 1)

    def measure(self, first: Floats, second: Floats) -> Floats:
        """Return the distances (R,) between sets with the weights (R, G) of each group."""
        one, other = first @ self._counts, second @ self._counts
        shares = one / one.sum(axis=1, keepdims=True) - other / other.sum(axis=1, keepdims=True)
        return np.asarray(np.abs(shares).sum(axis=1) / 2)


class EnergyShare(Distance):
    """The energy distance of vectors as a share of twice the mean distance between the sets (Székely and Rizzo 2013).

    It is 0 only if both have the same distribution. The channels are divided by their standard deviation in both
    sets together, so that no label of a set matters.
    """

    def __init__(self, vectors: Floats, groups: NDArray[np.int64]) -> None:
        std = vectors.std(axis=0)
        scaled = vectors[:, std > 0] / std[std > 0]
        G, N = int(groups.max()) + 1, len(groups)
        member = csr_array((np.ones(N), (groups, np.arange(N))), shape=(G, N))
        self._sizes = np.bincount(groups, minlength=G).astype(np.float64)
        self._sums = member @ (member @ cdist(scaled, scaled)).T  # (G, G)

    def measure(self, first: Floats, second: Floats) -> Floats:
        """Return the distances (R,) between sets with the weights (R, G) of each group."""
        num_first, num_second = first @ self._sizes, second @ self._sizes
        from_first, from_second = first @ self._sums, second @ self._sums
        between = 2 * (from_first * second).sum(axis=1) / (num_first * num_second)
        within = (from_first * first).sum(axis=1) / num_first**2 + (from_second * second).sum(axis=1) / num_second**2
        return np.divide(between - within, between, out=np.zeros_like(between), where=between > 0).clip(0, 1)
