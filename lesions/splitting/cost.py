"""An allocation of groups to splits, and what it costs to move a group."""

import numpy as np
from numpy.typing import NDArray

NOT_DEALT = -1
"""In place of the split of a group that has none yet."""


class Allocation:
    """An allocation of groups to splits that keeps its cost up to date.

    Images are counted in units of √n_k, so that the sum of squares is the one in the cost. Moving a group with counts
    c_k changes n_ks only by ±c_k, so that no move needs a new sum.
    """

    def __init__(
        self,
        counts: NDArray[np.int64],
        shares: NDArray[np.float64],
        *,
        kept: NDArray[np.int64],
        tolerance: NDArray[np.float64] | None = None,
    ) -> None:
        """Begin with no group dealt.

        Parameters
        ----------
        counts : (G, K) int
            Images of each diagnosis in each group.
        shares : (S, K) float
            The wanted shares.
        kept : (S, K) or (1, 1) int
            Images that are in each split already: a diagnosis of theirs is not missing from it.
        tolerance : (S, K) float
            How far the numbers may be off, in units of √n_k.
        """
        totals = counts.sum(axis=0)
        self.scaled = counts / np.sqrt(totals)  # (G, K)
        self.squares = (self.scaled**2).sum(axis=1)  # (G,)
        self.excess = -shares * np.sqrt(totals)  # (S, K): actual minus wanted
        if tolerance is None:
            # The largest group; or what a split must lack, when each other split has a group of the diagnosis.
            others = [np.sort(sizes[sizes > 0])[: len(shares) - 1].sum() for sizes in self.scaled.T]
            lacking = -self.excess - (np.sqrt(totals) - others)
            tolerance = np.maximum(self.scaled.max(axis=0), lacking)
        self.tolerance = tolerance  # (S, K)
        self.present = counts > 0  # (G, K)
        self.num_present = np.zeros((len(shares), counts.shape[1]), dtype=np.int64) + (kept > 0)  # (S, K) groups
        # Each part of the cost must outweigh all later parts. The sum of squares is at most twice the number of
        # images, and so is the sum of what is off.
        bound = 2.0 * totals.sum() + 1
        self.cost_of_being_off = 1e6
        self.cost_of_absence = (1 + self.cost_of_being_off) * bound
        self.splits = np.full(len(counts), NOT_DEALT)

    @property
    def off(self) -> NDArray[np.float64]:
        """How far (S, K) the numbers are off beyond the tolerance."""
        return compute_off(self.excess, self.tolerance)

    @property
    def faults(self) -> tuple[int, float]:
        """How many diagnoses are missing from a split, and the sum of how far all numbers are off."""
        return int((self.num_present == 0).sum()), float(self.off.sum())

    @property
    def is_at_fault(self) -> NDArray[np.bool_]:
        """Which diagnoses (K,) are missing from a split or off in one."""
        return ((self.num_present == 0) | (self.off > 0)).any(axis=0)

    def add(self, groups: NDArray[np.int64], split: int) -> None:
        """Add groups to a split."""
        self.splits[groups] = split
        self.excess[split] += self.scaled[groups].sum(axis=0)
        self.num_present[split] += self.present[groups].sum(axis=0)

    def add_where_best(self, group: int) -> None:
        """Add a group to the split where the sum of squares grows least."""
        cost = 2 * self.excess @ self.scaled[group] + self.squares[group]
        self.add(np.array([group]), int(np.argmin(cost)))

    def move(self, group: int, split: int) -> None:
        """Move a group from its split to another."""
        current = self.splits[group]
        self.excess[current] -= self.scaled[group]
        self.num_present[current] -= self.present[group]
        self.add(np.array([group]), split)

    def descend(self) -> None:
        """Repeat the single move that lowers the cost most, until no move lowers it."""
        while True:
            change = self._cost_of_moves()
            group, split = np.unravel_index(np.argmin(change), change.shape)
            if change[group, split] > -1e-6:  # rounding errors are smaller
                return
            self.move(int(group), int(split))

    def _cost_of_moves(self) -> NDArray[np.float64]:
        """Return the change in cost (G, S) of moving each group to each split."""
        current = np.arange(len(self.splits)), self.splits
        alignment = 2 * self.scaled @ self.excess.T  # (G, S)
        change = alignment - alignment[current][:, None] + 2 * self.squares[:, None]
        change += self.cost_of_being_off * (self._off_after(1) + self._off_after(-1)[current][:, None])
        fills = self.present @ (self.num_present == 0).T.astype(np.int64)  # (G, S): absences ended
        empties = (self.present & (self.num_present[self.splits] == 1)).sum(axis=1)  # (G,): absences begun
        change += self.cost_of_absence * (empties[:, None] - fills)
        change[current] = 0
        return change

    def _off_after(self, sign: int) -> NDArray[np.float64]:
        """Return how much more (G, S) each split's numbers are off after adding (1) or removing (-1) a group."""
        splits = zip(self.excess, self.tolerance, self.off.sum(axis=1), strict=True)
        return np.stack(
            [
                compute_off(excess + sign * self.scaled, tolerance).sum(axis=1) - before
                for excess, tolerance, before in splits
            ],
            axis=1,
        )


def compute_off(excess: NDArray[np.float64], tolerance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much the absolute excess is beyond the tolerance."""
    return np.clip(np.abs(excess) - tolerance - 1e-9, 0, None)
