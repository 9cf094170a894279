"""Sharing whole groups out to the splits so that each diagnosis has the share asked for in each."""

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from lesions.parameters.section import Section

SPLITS = ("train", "val", "test")

NOT_DEALT = -1

Share = Annotated[float, Field(gt=0, lt=1)]


class Shares(Section):
    """The part of the images that each split should get."""

    train: Share
    val: Share
    test: Share

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, val and test must sum to 1, got {total:g}")
        return self


class SplitParameters(Section):
    """The section `split`."""

    seed: Annotated[int, Field(ge=0)]
    scheme: Literal["group", "image"]
    conflicting_copies: Literal["drop", "keep"]
    shares: Shares
    max_share_deviation: Annotated[float, Field(gt=0, le=1)]


def allocate_groups(counts: NDArray[np.int64], shares: NDArray[np.float64], *, seed: int) -> NDArray[np.int64]:
    """Give each group to a split, so that every diagnosis is shared out as asked.

    Groups that are alike (the same number of images of each diagnosis) are dealt out by the shares, as far as
    these give whole groups: so a split gets its part of the large groups as of the small ones. Then the groups
    left over are placed one by one, the largest first, and at last single groups move, the best move first, to
    lower the cost. The cost is the sum over all diagnoses k and splits s of (n_ks - t_ks)² / n_k, where n_ks is
    the number of images got and t_ks = shares_s n_k the number asked for; a diagnosis missing from a split
    costs more than any such sum.

    Parameters
    ----------
    counts : (G, K) int
        Images of each diagnosis in each group.
    shares : (S,) float
        What each split should get; sums to 1.
    seed
        Of the order in which groups that are alike are dealt and placed.

    Returns
    -------
    (G,) int
        The split of each group. Depends on the arguments alone.
    """
    drawn = np.random.default_rng(seed).permutation(len(counts))
    dealt = _deal(counts[drawn], shares)
    allocation = _Allocation(counts, shares)
    for split in range(len(shares)):
        allocation.add(drawn[dealt == split], split)
    left = drawn[dealt == NOT_DEALT]
    for group in left[np.argsort(-counts[left].max(axis=1), kind="stable")]:
        allocation.place(group)
    while allocation.improve():
        pass
    return allocation.splits


def _deal(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give of each kind of group the share rounded down to each split; the rest is NOT_DEALT."""
    _, kind, num_alike = np.unique(counts, axis=0, return_inverse=True, return_counts=True)
    # A group's place among those alike, in the order given.
    order = np.argsort(kind, kind="stable")
    place = np.empty(len(counts), dtype=np.int64)
    place[order] = np.arange(len(counts)) - np.repeat(np.cumsum(num_alike) - num_alike, num_alike)
    # The least addition keeps a share of exactly one group from being rounded down to none.
    bounds = np.cumsum(np.floor(np.outer(num_alike, shares) + 1e-9), axis=1)  # (kinds, S)
    split = (place[:, None] >= bounds[kind]).sum(axis=1)
    return np.where(split < len(shares), split, NOT_DEALT)


class _Allocation:
    """Groups being shared out, with the cost of what has been placed so far.

    The cost of moving group g, with counts c_k, changes n_ks by ±c_k alone, so that it needs no new sum:
    adding to split s costs (2 (n_ks - t_ks) c_k + c_k²) / n_k over all k.
    """

    def __init__(self, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
        totals = counts.sum(axis=0)
        self.scaled = counts / np.sqrt(totals)  # (G, K)
        self.squares = (self.scaled**2).sum(axis=1)  # (G,)
        self.excess = -np.outer(shares, np.sqrt(totals))  # (S, K): got minus asked, scaled alike
        self.present = counts > 0  # (G, K)
        self.num_present = np.zeros((len(shares), counts.shape[1]), dtype=np.int64)  # (S, K) groups
        # An upper bound of the sum of squares: all images of every diagnosis in the wrong split.
        self.cost_of_absence = 2.0 * totals.sum() + 1
        self.splits = np.full(len(counts), NOT_DEALT)

    def add(self, groups: NDArray[np.int64], split: int) -> None:
        """Put groups into a split."""
        self.splits[groups] = split
        self.excess[split] += self.scaled[groups].sum(axis=0)
        self.num_present[split] += self.present[groups].sum(axis=0)

    def place(self, group: int) -> None:
        """Put one group where it costs least, absence aside."""
        cost = 2 * self.excess @ self.scaled[group] + self.squares[group]
        self.add(np.array([group]), int(np.argmin(cost)))

    def improve(self) -> bool:
        """Move the one group whose move lowers the cost most; return whether there was one."""
        change = self._cost_of_moves()
        group, split = np.unravel_index(np.argmin(change), change.shape)
        if change[group, split] > -1e-9:
            return False
        home = self.splits[group]
        self.excess[home] -= self.scaled[group]
        self.num_present[home] -= self.present[group]
        self.add(np.array([group]), int(split))
        return True

    def _cost_of_moves(self) -> NDArray[np.float64]:
        """Return the change in cost (G, S) of moving each group to each split."""
        at_home = np.arange(len(self.splits)), self.splits
        alignment = 2 * self.scaled @ self.excess.T  # (G, S)
        change = alignment - alignment[at_home][:, None] + 2 * self.squares[:, None]
        fills = self.present @ (self.num_present == 0).T.astype(np.int64)  # (G, S): absences ended
        empties = (self.present & (self.num_present[self.splits] == 1)).sum(axis=1)  # (G,): absences begun
        change += self.cost_of_absence * (empties[:, None] - fills)
        change[at_home] = 0
        return change
