"""Allocating whole groups to the splits, so that each split gets the wanted share of each diagnosis."""

import numpy as np
from numpy.typing import NDArray

NOT_DEALT = -1

NUM_KICKS = 200
"""Number of random disturbances (kicks) tried while a share is off by more than a group. With 100 kicks of two
groups, one in 8,000 solvable small cases was not solved."""

GROUPS_KICKED = 3

MOST_KICKED = 2_000_000
"""Maximum of kicks times groups: with many groups each kick takes long, and a share is seldom off."""

MOST_TRIED = 60_000
"""Maximum number of allocations for which all of them are tried."""


def allocate_groups(counts: NDArray[np.int64], shares: NDArray[np.float64], *, seed: int) -> NDArray[np.int64]:
    """Allocate each group to a split, so that each split gets its share of each diagnosis.

    First, equal groups (the same number of images of each diagnosis) are dealt out by the shares, rounded down to
    whole groups, so that a split gets its share of large groups as well as of small ones. Then the remaining groups
    are added one by one, the largest first, and single groups are moved, the best move first, to lower the cost.
    While a diagnosis is missing from a split, or a share is off by more than a group, groups with that diagnosis are
    moved at random, and the search continues from there. With few groups, all allocations are tried instead.

    The cost compares, in this order: the number of diagnoses missing from a split; the sum of how far the numbers of
    images are off beyond a tolerance, which is the largest group, or what presence in every split demands; and the
    sum over diagnoses k and splits s of (n_ks - t_ks)² / n_k, where n_ks is the number of images in the split and
    t_ks = shares_s n_k the wanted number.

    Parameters
    ----------
    counts : (G, K) int
        Images of each diagnosis in each group.
    shares : (S,) float
        The wanted share of each split; they sum to 1.
    seed
        Determines the order in which equal groups are dealt and added, and the random moves.

    Returns
    -------
    (G,) int
        The split of each group; it depends on the arguments alone.
    """
    generator = np.random.default_rng(seed)
    drawn = generator.permutation(len(counts))
    dealt = _deal_groups(counts[drawn], shares)
    allocation = _Allocation(counts, shares)
    for split in range(len(shares)):
        allocation.add(drawn[dealt == split], split)
    left = drawn[dealt == NOT_DEALT]
    for group in left[np.argsort(-counts[left].max(axis=1), kind="stable")]:
        allocation.add_where_best(group)
    allocation.descend()
    if allocation.is_at_fault.any() and len(shares) ** len(counts) <= MOST_TRIED:
        return _try_everything(counts, shares)
    for _ in range(min(NUM_KICKS, MOST_KICKED // len(counts))):
        involved = np.flatnonzero(allocation.present[:, allocation.is_at_fault].any(axis=1))
        if not len(involved):
            break
        before, faults = allocation.splits.copy(), allocation.faults
        for group in generator.choice(involved, min(GROUPS_KICKED, len(involved)), replace=False).tolist():
            allocation.move(group, int(generator.integers(len(shares))))
        allocation.descend()
        if allocation.faults > faults:
            for group in np.flatnonzero(before != allocation.splits).tolist():
                allocation.move(group, int(before[group]))
    return allocation.splits


def _try_everything(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the allocation (G,) of the lowest cost among all possible ones."""
    G, S = len(counts), len(shares)
    splits = np.arange(S**G)[:, None] // S ** np.arange(G) % S  # (A, G)
    images = np.stack([(splits == split) @ counts for split in range(S)], axis=1)  # (A, S, K)
    start = _Allocation(counts, shares)
    excess = images / np.sqrt(counts.sum(axis=0)) + start.excess
    absences = (images == 0).sum(axis=(1, 2))
    off = _compute_off(excess, start.tolerance).sum(axis=(1, 2))
    squares = (excess**2).sum(axis=(1, 2))
    return np.asarray(splits[np.lexsort((squares, off, absences))[0]])


def _deal_groups(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the split (G,) of each group: of each kind of group the shares, rounded down; the rest is NOT_DEALT."""
    _, kind, num_alike = np.unique(counts, axis=0, return_inverse=True, return_counts=True)
    # Each group's rank among the equal ones, in the given order.
    order = np.argsort(kind, kind="stable")
    rank = np.empty(len(counts), dtype=np.int64)
    rank[order] = np.arange(len(counts)) - np.repeat(np.cumsum(num_alike) - num_alike, num_alike)
    # 1e-9, so that a share of exactly one group is not rounded down to none.
    bounds = np.cumsum(np.floor(np.outer(num_alike, shares) + 1e-9), axis=1)  # (kinds, S)
    split = (rank[:, None] >= bounds[kind]).sum(axis=1)
    return np.where(split < len(shares), split, NOT_DEALT)


class _Allocation:
    """An allocation of groups to splits that keeps its cost up to date.

    Images are counted in units of √n_k, so that the sum of squares is the one in the cost. Moving a group with counts
    c_k changes n_ks only by ±c_k, so that no move needs a new sum.
    """

    def __init__(self, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
        totals = counts.sum(axis=0)
        self.scaled = counts / np.sqrt(totals)  # (G, K)
        self.squares = (self.scaled**2).sum(axis=1)  # (G,)
        self.excess = -np.outer(shares, np.sqrt(totals))  # (S, K): actual minus wanted
        # The largest group; or what a split must lack at least, when each other split has a group of the diagnosis.
        others = [np.sort(sizes[sizes > 0])[: len(shares) - 1].sum() for sizes in self.scaled.T]
        lacking = -self.excess - (np.sqrt(totals) - others)
        self.tolerance = np.maximum(self.scaled.max(axis=0), lacking)  # (S, K)
        self.present = counts > 0  # (G, K)
        self.num_present = np.zeros((len(shares), counts.shape[1]), dtype=np.int64)  # (S, K) groups
        # Each part of the cost must outweigh all later parts. The sum of squares is at most twice the number of
        # images, and so is the sum of what is off.
        bound = 2.0 * totals.sum() + 1
        self.cost_of_being_off = 1e6
        self.cost_of_absence = (1 + self.cost_of_being_off) * bound
        self.splits = np.full(len(counts), NOT_DEALT)

    @property
    def off(self) -> NDArray[np.float64]:
        """How far (S, K) the numbers are off beyond the tolerance."""
        return _compute_off(self.excess, self.tolerance)

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
                _compute_off(excess + sign * self.scaled, tolerance).sum(axis=1) - before
                for excess, tolerance, before in splits
            ],
            axis=1,
        )


def _compute_off(excess: NDArray[np.float64], tolerance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much the absolute excess is beyond the tolerance."""
    return np.clip(np.abs(excess) - tolerance - 1e-9, 0, None)
