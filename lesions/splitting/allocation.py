"""Allocating whole groups to the splits, so that each split gets the wanted share of each diagnosis."""

import numpy as np
from numpy.typing import NDArray

from lesions.splitting.cost import NOT_DEALT, Allocation, compute_off
from lesions.splitting.goal import Goal
from lesions.splitting.nearest import search_nearer

NUM_KICKS = 200
"""Number of random disturbances (kicks) tried while a share is off by more than a group. With 100 kicks of two
groups, one in 8,000 solvable small cases was not solved."""

GROUPS_KICKED = 3

MOST_KICKED = 2_000_000
"""Maximum of kicks times groups: with many groups each kick takes long, and a share is seldom off."""

MOST_TRIED = 60_000
"""Maximum number of allocations for which all of them are tried."""


def allocate_groups(
    counts: NDArray[np.int64], shares: NDArray[np.float64], *, seed: int, max_deviation: float = 0.1
) -> NDArray[np.int64]:
    """Allocate each group to a split, so that each split gets the same share of each diagnosis.

    Parameters
    ----------
    counts : (G, K) int
        Images of each diagnosis in each group.
    shares : (S,) float
        The wanted share of each split; they sum to 1.
    seed
        As in `find_allocation`.
    max_deviation
        From a wanted share; if it is exceeded, the nearest allocation is searched for.

    Returns
    -------
    (G,) int
        The split of each group; it depends on the arguments alone.
    """
    totals = counts.sum(axis=0)
    goal = Goal(np.repeat(shares[:, None], len(totals), axis=1), totals, max_deviation)
    return find_allocation(counts, shares, goal, seed=seed)[0]


def find_allocation(
    counts: NDArray[np.int64], shares: NDArray[np.float64], goal: Goal, *, seed: int
) -> tuple[NDArray[np.int64], bool]:
    """Allocate each group to a split by shares; where that misses the goal, search for the nearest allocation.

    The search by shares is fast and also divides what the goal does not look at, such as large and small groups. The
    other one (`search_nearer`) lowers nothing but the largest deviation, so that single groups are moved afterwards
    to bring the other shares closer too, as far as the largest deviation allows.

    Parameters
    ----------
    counts : (G, K) int
        Images of each diagnosis in each group.
    shares : (S,) or (S, K) float
        The share of the groups' images that each split gets, of all diagnoses or of each; they sum to 1.
    goal
        What the allocation is checked against.
    seed
        Determines the order in which equal groups are dealt and added, and the random moves.

    Returns
    -------
    splits : (G,) int
        The split of each group; it depends on the arguments alone.
    is_nearest
        Whether it is proved that no allocation is nearer to the goal; never where the goal is reached by shares.
    """
    generator = np.random.default_rng(seed)
    drawn = generator.permutation(len(counts))
    of_each = np.broadcast_to(shares.T, counts.shape[1:] + shares.shape[:1]).T  # (S, K)
    splits = _search_by_shares(counts, of_each, drawn, generator, kept=goal.kept)
    if goal.is_reached(counts, splits):
        return splits, False
    nearer, is_nearest = search_nearer(counts, goal, splits, order=drawn)
    return splits if nearer is None else _even_out(counts, goal, nearer), is_nearest


def _even_out(counts: NDArray[np.int64], goal: Goal, splits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move single groups to lower the sum of squares, as long as the largest deviation does not grow."""
    totals, (_, deviation) = counts.sum(axis=0), goal.judge(counts, splits)
    tolerance = np.broadcast_to(deviation * goal.totals / np.sqrt(totals), goal.shares.shape)
    allocation = Allocation(counts, goal.wanted / totals, kept=goal.kept, tolerance=tolerance)
    for split in range(len(goal.shares)):
        allocation.add(np.flatnonzero(splits == split), split)
    allocation.descend()
    return allocation.splits


def _search_by_shares(
    counts: NDArray[np.int64],
    shares: NDArray[np.float64],
    drawn: NDArray[np.int64],
    generator: np.random.Generator,
    *,
    kept: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Search for an allocation (G,) in which no share is off by more than a group.

    First, equal groups (the same number of images of each diagnosis) are dealt out by the shares, rounded down to
    whole groups, so that a split gets its share of large groups as well as of small ones. Then the remaining groups
    are added one by one, the largest first, and single groups are moved, the best move first, to lower the cost.
    While a diagnosis is missing from a split, or a share is off by more than a group, groups with that diagnosis are
    moved at random, and the search continues from there. With few groups, all allocations are tried instead.

    The cost compares, in this order: the number of diagnoses missing from a split; the sum of how far the numbers of
    images are off beyond a tolerance, which is the largest group, or what presence in every split demands; and the
    sum over diagnoses k and splits s of (n_ks - t_ks)² / n_k, where n_ks is the number of images in the split and
    t_ks = shares_s n_k the wanted number.
    """
    allocation = _allocate_greedily(counts, shares, drawn=drawn, kept=kept)
    allocation.descend()
    if allocation.is_at_fault.any() and len(shares) ** len(counts) <= MOST_TRIED:
        return _try_everything(counts, shares, kept=kept)
    for _ in range(min(NUM_KICKS, MOST_KICKED // len(counts))):
        involved = np.flatnonzero(allocation.present[:, allocation.is_at_fault].any(axis=1))
        if not len(involved):
            break
        _kick(allocation, involved, generator)
    return allocation.splits


def _allocate_greedily(
    counts: NDArray[np.int64], shares: NDArray[np.float64], *, drawn: NDArray[np.int64], kept: NDArray[np.int64]
) -> Allocation:
    """Deal out equal groups in the order `drawn` (G,), then add each remaining group where it fits best."""
    dealt = _deal_groups(counts[drawn], shares)
    allocation = Allocation(counts, shares, kept=kept)
    for split in range(len(shares)):
        allocation.add(drawn[dealt == split], split)
    left = drawn[dealt == NOT_DEALT]
    for group in left[np.argsort(-counts[left].max(axis=1), kind="stable")]:
        allocation.add_where_best(group)
    return allocation


def _kick(allocation: Allocation, involved: NDArray[np.int64], generator: np.random.Generator) -> None:
    """Move a few of the groups `involved` at random and descend; take all of it back if there are more faults."""
    before, faults = allocation.splits.copy(), allocation.faults
    for group in generator.choice(involved, min(GROUPS_KICKED, len(involved)), replace=False).tolist():
        allocation.move(group, int(generator.integers(len(allocation.excess))))
    allocation.descend()
    if allocation.faults > faults:
        for group in np.flatnonzero(before != allocation.splits).tolist():
            allocation.move(group, int(before[group]))


def _try_everything(
    counts: NDArray[np.int64], shares: NDArray[np.float64], *, kept: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the allocation (G,) of the lowest cost among all possible ones."""
    G, S = len(counts), len(shares)
    splits = np.arange(S**G)[:, None] // S ** np.arange(G) % S  # (A, G)
    images = np.stack([(splits == split) @ counts for split in range(S)], axis=1)  # (A, S, K)
    start = Allocation(counts, shares, kept=kept)
    excess = images / np.sqrt(counts.sum(axis=0)) + start.excess
    absences = (images + kept == 0).sum(axis=(1, 2))
    off = compute_off(excess, start.tolerance).sum(axis=(1, 2))
    squares = (excess**2).sum(axis=(1, 2))
    return np.asarray(splits[np.lexsort((squares, off, absences))[0]])


def _deal_groups(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the split (G,) of each group: of each kind of group the shares, rounded down; the rest is NOT_DEALT."""
    kinds, kind, num_alike = np.unique(counts, axis=0, return_inverse=True, return_counts=True)
    # Each group's rank among the equal ones, in the given order.
    order = np.argsort(kind, kind="stable")
    rank = np.empty(len(counts), dtype=np.int64)
    rank[order] = np.arange(len(counts)) - np.repeat(np.cumsum(num_alike) - num_alike, num_alike)
    # 1e-9, so that a share of exactly one group is not rounded down to none.
    wanted = num_alike[:, None] * (kinds @ shares.T) / kinds.sum(axis=1)[:, None]  # (kinds, S)
    bounds = np.cumsum(np.floor(wanted + 1e-9), axis=1)
    split = (rank[:, None] >= bounds[kind]).sum(axis=1)
    return np.where(split < len(shares), split, NOT_DEALT)
