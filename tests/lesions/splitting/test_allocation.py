"""Tests that whole groups are allocated to the wanted shares, whatever their structure."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from lesions.splitting.allocation import allocate_groups
from lesions.splitting.goal import count_images
from lesions.splitting.parameters import Shares
from tests.allocations import SHARES, list_allocations


@st.composite
def group_counts(draw: st.DrawFn) -> NDArray[np.int64]:
    """Draw groups (G, K) of mixed sizes and diagnoses, with at least three pure groups of each diagnosis."""
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
    assert (count_images(counts, splits, num_splits=3) > 0).all()


@settings(max_examples=100, deadline=None)
@given(group_counts(), st.integers(0, 9))
def test_no_single_move_would_lower_the_cost(counts: NDArray[np.int64], seed: int) -> None:
    splits = allocate_groups(counts, SHARES, seed=seed, max_deviation=1)

    def cost(splits: NDArray[np.int64]) -> float:
        images = count_images(counts, splits, num_splits=3)
        wanted = np.outer(SHARES, counts.sum(axis=0))
        off = (np.abs(images - wanted) - counts.max(axis=0)).clip(1e-9) / np.sqrt(counts.sum(axis=0))
        squares = (images - wanted) ** 2 / counts.sum(axis=0)
        return float(squares.sum() + 1e6 * off.sum() + 1e12 * (images == 0).sum())

    reached = cost(splits)
    for group, split in product(range(len(counts)), range(3)):
        moved = splits.copy()
        moved[group] = split
        assert cost(moved) >= reached * (1 - 1e-9) - 2e-6


def draw_small_case(generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw few groups (G, K), so that all allocations can be tried: mixed, pure, or with large ones."""
    G, K = int(generator.integers(3, 9)), int(generator.integers(1, 5))
    kind = generator.integers(3)
    if kind == 0:
        counts = generator.integers(0, 7, (G, K))
    elif kind == 1:
        counts = np.eye(K, dtype=np.int64)[generator.integers(K, size=G)] * generator.integers(1, 501, (G, 1))
    else:
        counts = generator.integers(0, 4, (G, K)) * generator.choice([1, 1, 1, 30], (G, 1))
    counts[0, 0] += 1
    return counts[np.ix_(counts.any(axis=1), counts.any(axis=0))]


def count_faults(counts: NDArray[np.int64], allocations: NDArray[np.int64], shares: NDArray[np.float64]) -> Any:
    """Count, for each allocation (A, G), the absences and the shares that are off by more than the largest group."""
    images = np.stack([(allocations == split) @ counts for split in range(3)], axis=1)  # (A, S, K)
    off = np.abs(images - np.outer(shares, counts.sum(axis=0))) > counts.max(axis=0) + 1e-9
    return (images == 0).sum(axis=(1, 2)), off.sum(axis=(1, 2))


@pytest.mark.parametrize("seed", range(4))
def test_shares_are_within_a_group_whenever_some_allocation_achieves_it(seed: int) -> None:
    generator = np.random.default_rng(seed)
    num_possible = 0
    for _ in range(1500):
        counts, shares = draw_small_case(generator), generator.dirichlet([4, 3, 3])
        if ((counts > 0).sum(axis=0) < 3).any():
            continue  # the stage refuses these
        absent, off = count_faults(counts, list_allocations(len(counts)), shares)
        if (off[absent == absent.min()] == 0).any():
            num_possible += 1
            allocation = allocate_groups(counts, shares, seed=0, max_deviation=1)
            reached = count_faults(counts, allocation[None], shares)
            assert (reached[0].item(), reached[1].item()) == (absent.min(), 0), (counts.tolist(), shares)
    assert num_possible > 800


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ([[4, 1, 1, 4], [2, 5, 0, 1], [5, 1, 3, 3], [0, 5, 2, 0], [0, 2, 6, 0]], [0.649, 0.3195, 0.0315]),
        ([[3, 1, 0], [1, 2, 3], [1, 0, 1], [2, 0, 2], [0, 2, 0]], [0.623, 0.229, 0.148]),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_cases_that_few_allocations_solve_are_solved(counts: list[list[int]], shares: list[float], seed: int) -> None:
    cases, parts = np.array(counts), np.array(shares)
    absent, off = count_faults(cases, list_allocations(len(cases)), parts)
    allocation = allocate_groups(cases, parts, seed=seed, max_deviation=1)
    reached = count_faults(cases, allocation[None], parts)
    assert (reached[0].item(), reached[1].item()) == (absent.min(), off[absent == absent.min()].min()) == (0, 0)


@pytest.mark.parametrize("seed", range(4))
def test_shares_of_larger_cases_are_within_a_group(seed: int) -> None:
    generator = np.random.default_rng(seed)
    for _ in range(250):
        K = generator.integers(2, 9)
        # Patients with 1 to 500 images of mixed diagnoses, and a rare diagnosis with one patient for each split.
        sizes = np.exp(generator.uniform(0, np.log(500), generator.integers(20, 80))).astype(int)
        mixed = np.stack([generator.multinomial(size, generator.dirichlet([0.2] * K)) for size in sizes])
        counts = np.pad(mixed, ((0, 0), (0, 1)))
        counts[:3, K] = 1
        counts = counts[:, (counts > 0).sum(axis=0) >= 3]
        counts = counts[counts.any(axis=1)]
        allocation = allocate_groups(counts, SHARES, seed=0, max_deviation=1)[None]
        absent, _ = count_faults(counts, allocation, SHARES)
        # With one rare image in each split, train is 1.1 images short of its share.
        _, off = count_faults(counts[:, :-1], allocation, SHARES)
        assert (absent.item(), off.item()) == (0, 0), counts.tolist()


def test_equal_groups_are_divided_exactly() -> None:
    counts = np.repeat([[1, 0], [0, 2]], 20, axis=0)
    splits = allocate_groups(counts, SHARES, seed=0)
    np.testing.assert_array_equal(count_images(counts, splits, num_splits=3), [[14, 28], [3, 6], [3, 6]])


def test_large_groups_are_divided_like_small_ones() -> None:
    counts = np.array([[1]] * 200 + [[5]] * 40)
    splits = allocate_groups(counts, SHARES, seed=0)
    for size in (1, 5):
        sizes = np.bincount(splits[counts[:, 0] == size])
        np.testing.assert_array_equal(sizes, SHARES * sizes.sum())


def test_the_same_seed_gives_the_same_split_and_another_seed_another_one() -> None:
    counts = np.random.default_rng(0).multinomial(2, [0.5, 0.3, 0.2], size=100)
    first, again, other = (allocate_groups(counts, SHARES, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_diagnosis_of_two_groups_is_missing_from_only_one_split() -> None:
    # All melanomas are of two patients: one split has none in any allocation, but not two splits.
    counts = np.array([[3, 0], [5, 0], [0, 1], [0, 1], [0, 1]])
    assert (count_images(counts, allocate_groups(counts, SHARES, seed=0), num_splits=3) > 0).sum(axis=0).tolist() == [
        2,
        3,
    ]


@pytest.mark.parametrize("shares", [(0.7, 0.2, 0.2), (0.5, 0.2, 0.2)])
def test_shares_that_do_not_sum_to_one_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValidationError, match="train, val and test must sum to 1"):
        Shares(train=shares[0], val=shares[1], test=shares[2])
