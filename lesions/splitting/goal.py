"""What an allocation of groups to splits has to reach, and how far one is from it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-9
"""Deviations that differ by less are the same: 0.8 - 0.7 is a little more than 0.1."""


@dataclass(frozen=True)
class Goal:
    """The wanted share of each diagnosis in each split, and the largest deviation from it that passes.

    Attributes
    ----------
    shares : (S, K) float
        Shares of `totals`.
    totals : (K,) int
        Images of each diagnosis; more than the groups have if some are in another split already.
    max_deviation
        As `split.max_share_deviation`.
    kept : (S, K) or (1, 1) int
        Images that are in each split already, besides those of the groups.
    """

    shares: NDArray[np.float64]
    totals: NDArray[np.int64]
    max_deviation: float
    kept: NDArray[np.int64] = field(default_factory=lambda: np.zeros((1, 1), dtype=np.int64))

    @property
    def wanted(self) -> NDArray[np.float64]:
        """The images (S, K) that each split should get of the groups; negative if it has too many already."""
        return self.shares * self.totals - self.kept

    def judge(self, counts: NDArray[np.int64], splits: NDArray[np.int64]) -> tuple[int, float]:
        """Return how many diagnoses are missing from a split, and the largest deviation from a wanted share.

        Parameters
        ----------
        counts : (G, K) int
            Images of each diagnosis in each group.
        splits : (G,) int
            The split of each group.
        """
        images = self.kept + count_images(counts, splits, num_splits=len(self.shares))
        return int((images == 0).sum()), float(np.abs(images / self.totals - self.shares).max())

    def is_reached(self, counts: NDArray[np.int64], splits: NDArray[np.int64]) -> bool:
        """Return whether no diagnosis is missing from a split, and no share deviates too far."""
        absences, deviation = self.judge(counts, splits)
        return absences == 0 and deviation <= self.max_deviation + ROUNDING


def count_images(counts: NDArray[np.int64], splits: NDArray[np.int64], *, num_splits: int) -> NDArray[np.int64]:
    """Return the images (S, K) of each diagnosis in each split, from its groups: `counts` (G, K), `splits` (G,)."""
    return np.stack([counts[splits == split].sum(axis=0) for split in range(num_splits)])
