"""The allocation of groups that comes nearest to the wanted shares, by integer programming."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, kron

from lesions.splitting.goal import Goal, count_images
from lesions.splitting.silence import silence_c

MOST_NUMBERS = 3_000
"""Maximum of kinds of groups times splits that the search considers: with more, each step takes long."""

MOST_WORK = 300_000
"""Maximum of nodes of the search times its numbers. It bounds the time, to a few seconds, without a clock."""

COST_OF_ABSENCE = 2.0
"""In the objective, beside the largest deviation, which is at most 1."""

LEAST_GAIN = 1e-5
"""Smaller gains in the objective count as none: the tolerances of the solver are 1e-6."""

OPTIMAL, INFEASIBLE = 0, 2
"""Values of `status` of `milp` after which the search is complete."""


def search_nearer(
    counts: NDArray[np.int64], goal: Goal, known: NDArray[np.int64], *, order: NDArray[np.int64]
) -> tuple[NDArray[np.int64] | None, bool]:
    """Search for the allocation nearest to the goal, if any is nearer than a known one.

    An allocation is nearer if fewer diagnoses are missing from a split; or if as many are, and the largest deviation
    is smaller. Equal groups are one kind, and the unknowns are the numbers of groups of each kind in each split. If
    these are more than `MOST_NUMBERS`, only the kinds that have the largest shares of a diagnosis move, and all other
    groups stay where they are. The search ends after a number of nodes, never after a time, so that its result does
    not depend on how fast the machine is.

    Parameters
    ----------
    counts : (G, K) int
        Images of each diagnosis in each group.
    known : (G,) int
        The known split of each group.
    order : (G,) int
        The order in which equal groups are given to the splits.

    Returns
    -------
    splits : (G,) int, or None if nothing nearer was found
    is_proved
        Whether it is proved that no allocation is nearer than this one, or than the known one if it is None.
    """
    kinds, kind, num_alike = np.unique(counts, axis=0, return_inverse=True, return_counts=True)
    most_kinds = MOST_NUMBERS // len(goal.shares)
    moved = np.argsort(-(kinds / goal.totals).max(axis=1), kind="stable")[:most_kinds]
    stays = ~np.isin(kind, moved)
    staying = goal.kept + count_images(counts[stays], known[stays], num_splits=len(goal.shares))
    bar = np.dot((COST_OF_ABSENCE, 1), goal.judge(counts, known)) - LEAST_GAIN
    numbers, is_proved = _solve(kinds[moved], num_alike[moved], goal, staying=staying, bar=bar)
    if numbers is None:
        return None, is_proved and not stays.any()
    splits = known.copy()
    for position, number in zip(moved, numbers.T, strict=True):
        splits[order[kind[order] == position]] = np.repeat(np.arange(len(number)), number)
    return splits, is_proved and not stays.any()


def _solve(
    kinds: NDArray[np.int64], num_alike: NDArray[np.int64], goal: Goal, *, staying: NDArray[np.int64], bar: float
) -> tuple[NDArray[np.int64] | None, bool]:
    """Return the numbers (S, J) of groups of each kind in each split that cost least, and whether that is proved.

    Parameters
    ----------
    kinds : (J, K) int
        Images of each diagnosis in a group of each kind.
    num_alike : (J,) int
        Groups of each kind.
    staying : (S, K) int
        Images that do not move.
    bar
        Higher costs do not count. The numbers are None if no lower cost was found.
    """
    (J, K), S = kinds.shape, len(goal.shares)
    wanted = goal.shares * goal.totals
    # The unknowns: the numbers of groups (S, J), whether a diagnosis is absent (S, K), and the largest deviation,
    # which is at least what whole images require.
    cost = np.concatenate([np.zeros(S * J), np.full(S * K, COST_OF_ABSENCE), [1.0]])
    least_deviation = (np.abs(np.rint(wanted) - wanted) / goal.totals).max()
    least = np.append(np.zeros(S * J + S * K), least_deviation)
    most = np.concatenate([np.tile(num_alike, S), np.ones(S * K + 1)])
    # Shares and not images: with coefficients of at most 1 the solver's tolerances hold for what it returns.
    shares = kron(eye_array(S), csr_array(kinds.T / goal.totals[:, None]))  # (SK, SJ)
    present = hstack([shares > 0, eye_array(S * K), csr_array((S * K, 1))])
    no_absence, deviation = csr_array((S * K, S * K)), np.ones((S * K, 1))
    left = (goal.shares - staying / goal.totals).ravel()
    each_once = hstack([kron(np.ones((1, S)), eye_array(J)), csr_array((J, S * K + 1))])
    with silence_c():
        found = milp(
            cost,
            integrality=np.append(np.ones(S * J + S * K), 0),
            bounds=Bounds(least, most),
            constraints=[
                LinearConstraint(hstack([shares, no_absence, -deviation]), ub=left),
                LinearConstraint(hstack([shares, no_absence, deviation]), lb=left),
                LinearConstraint(present, lb=(staying == 0).ravel()),
                LinearConstraint(each_once, num_alike, num_alike),
                LinearConstraint(cost[None], ub=bar),
            ],
            options={"node_limit": max(1, MOST_WORK // (S * J)), "mip_rel_gap": 0},
        )
    numbers = None if found.x is None else np.rint(found.x[: S * J]).astype(np.int64).reshape(S, J)
    return numbers, found.status in (OPTIMAL, INFEASIBLE)
