"""Whole groups are shared out as asked, whatever their structure."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from lesions.splitting.allocation import Shares, allocate_groups

SHARES = np.array([0.7, 0.15, 0.15])


def got(counts: NDArray[np.int64], splits: NDArray[np.int64], num_splits: int = 3) -> NDArray[np.int64]:
    """Images (S, K) of each diagnosis in each split."""
    return np.array([counts[splits == split].sum(axis=0) for split in range(num_splits)])


@st.composite
def group_counts(draw: st.DrawFn) -> NDArray[np.int64]:
    """Groups (G, K) of mixed sizes and diagnoses, each diagnosis in three pure groups at the least."""
    K = draw(st.integers(1, 5))
    mixed = draw(st.lists(st.lists(st.integers(0, 6), min_size=K, max_size=K).filter(any), max_size=40))
    pure = [np.eye(K, dtype=np.int64)[k] * draw(st.integers(1, 500)) for k in range(K) for _ in range(3)]
    return np.array([*mixed, *pure], dtype=np.int64)


@settings(max_examples=300, deadline=None)
@given(group_counts(), st.integers(0, 9))
def test_every_group_is_in_one_split_and_every_diagnosis_in_each(counts: NDArray[np.int64], seed: int) -> None:
    splits = allocate_groups(counts, SHARES, seed=seed)
    assert set(splits) <= {0, 1, 2}
    assert len(splits) == len(counts)
    assert (got(counts, splits) > 0).all()


@settings(max_examples=100, deadline=None)
@given(group_counts(), st.integers(0, 9))
def test_no_single_move_would_come_nearer_to_what_was_asked(counts: NDArray[np.int64], seed: int) -> None:
    splits = allocate_groups(counts, SHARES, seed=seed)

    def cost(splits: NDArray[np.int64]) -> float:
        images = got(counts, splits)
        asked = np.outer(SHARES, counts.sum(axis=0))
        return float(((images - asked) ** 2 / counts.sum(axis=0)).sum() + 1e9 * (images == 0).sum())

    reached = cost(splits)
    for group, split in product(range(len(counts)), range(3)):
        moved = splits.copy()
        moved[group] = split
        assert cost(moved) >= reached - 1e-6


def test_equal_groups_are_shared_out_exactly() -> None:
    counts = np.repeat([[1, 0], [0, 2]], 20, axis=0)
    splits = allocate_groups(counts, SHARES, seed=0)
    np.testing.assert_array_equal(got(counts, splits), [[14, 28], [3, 6], [3, 6]])


def test_large_groups_go_to_every_split_as_small_ones_do() -> None:
    counts = np.array([[1]] * 200 + [[5]] * 40)
    splits = allocate_groups(counts, SHARES, seed=0)
    for size in (1, 5):
        sizes = np.bincount(splits[counts[:, 0] == size])
        np.testing.assert_array_equal(sizes, SHARES * sizes.sum())


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    counts = np.random.default_rng(0).multinomial(2, [0.5, 0.3, 0.2], size=100)
    first, again, other = (allocate_groups(counts, SHARES, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_diagnosis_that_no_move_can_bring_into_every_split_stays_away() -> None:
    # All melanomas are of two patients: whatever is done, one split goes without, but not two.
    counts = np.array([[3, 0], [5, 0], [0, 1], [0, 1], [0, 1]])
    assert (got(counts, allocate_groups(counts, SHARES, seed=0)) > 0).sum(axis=0).tolist() == [2, 3]


@pytest.mark.parametrize("shares", [(0.7, 0.2, 0.2), (0.5, 0.2, 0.2)])
def test_shares_that_do_not_sum_to_one_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValidationError, match="train, val and test must sum to 1"):
        Shares(train=shares[0], val=shares[1], test=shares[2])
