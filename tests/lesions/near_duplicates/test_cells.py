"""Tests that the search among cells finds what comparing all pairs finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lesions.near_duplicates.cells import CELLS_SEARCHED, VECTORS_PER_CELL, Cells

NUM_COMPARED_WITH_ALL = CELLS_SEARCHED * VECTORS_PER_CELL


def draw(number: int, width: int = 24, *, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(number, width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def compare_all(
    vectors: NDArray[np.float32], queries: NDArray[np.float32], number: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    products = queries.astype(np.float64) @ vectors.T.astype(np.float64)
    best = np.argsort(-products, axis=1)[:, :number]
    return np.take_along_axis(products, best, axis=1), best


@pytest.mark.parametrize("number", [5, VECTORS_PER_CELL, 3000, NUM_COMPARED_WITH_ALL])
def test_few_vectors_are_all_compared(number: int) -> None:
    vectors, queries = draw(number), draw(50, seed=1)
    likeness, position = Cells(vectors).search(queries, 5)
    expected_likeness, expected_position = compare_all(vectors, queries, 5)
    np.testing.assert_array_equal(position, expected_position)
    np.testing.assert_allclose(likeness, expected_likeness, atol=1e-6)


def test_among_many_vectors_those_that_are_alike_are_found() -> None:
    vectors = draw(4 * NUM_COMPARED_WITH_ALL)
    asking = np.random.default_rng(2).choice(len(vectors), 2000, replace=False)
    queries = vectors[asking] + 0.3 * draw(2000, seed=3)
    likeness, position = Cells(vectors).search(queries / np.linalg.norm(queries, axis=1, keepdims=True), 1)
    assert np.median(likeness) == pytest.approx(0.96, abs=0.01)
    assert (position[:, 0] == asking).mean() > 0.99


def test_where_fewer_are_found_than_wanted_the_rest_is_empty() -> None:
    vectors = draw(3)
    likeness, position = Cells(vectors).search(vectors, 5)
    assert np.sort(position).tolist() == [[-1, -1, 0, 1, 2]] * 3
    assert (position[:, 3:] == -1).all()
    assert np.isneginf(likeness[:, 3:]).all()
    assert position[:, 0].tolist() == [0, 1, 2]


def test_vectors_of_zeros_and_copies_are_searched_as_well() -> None:
    vectors = np.concatenate([np.zeros((400, 24), dtype=np.float32), np.repeat(draw(1), 400, axis=0)])
    likeness, position = Cells(vectors).search(vectors[400:402], 3)
    np.testing.assert_allclose(likeness, 1, atol=1e-6)
    assert (position >= 400).all()
    assert all(len(set(row)) == 3 for row in position.tolist())


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 199), max_size=4, unique=True).map(sorted))
def test_searching_for_some_at_a_time_changes_nothing(borders: list[int]) -> None:
    cells, queries = Cells(draw(3000)), draw(200, seed=1)
    _, together = cells.search(queries, 3)
    _, apart = zip(*(cells.search(block, 3) for block in np.split(queries, borders)), strict=True)
    np.testing.assert_array_equal(np.concatenate(apart), together)


def test_the_number_of_threads_changes_nothing() -> None:
    vectors, queries = draw(2 * NUM_COMPARED_WITH_ALL), draw(500, seed=1)
    found = []
    for num_threads in (1, 3):
        with threadpool_limits(num_threads):
            found.append(Cells(vectors).search(queries, 3))
    np.testing.assert_array_equal(found[0][1], found[1][1])
    np.testing.assert_allclose(found[0][0], found[1][0], atol=1e-6)
