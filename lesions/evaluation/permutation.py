"""Permute groups of images, and adjust p-values by the largest statistic of each permutation."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

NUM_PERMUTATIONS = 2000


def permute_groups(groups: Codes, among: Flags, *, seed: int, num: int = NUM_PERMUTATIONS) -> Iterator[Codes]:
    """Permute groups that are alike, and yield the image from which each image gets its attributes, (N,).

    Groups are alike if they have the same main diagnosis and about as many images (1, 2 to 3, 4 to 7, …). An image
    gets the attributes of an image of the same diagnosis if the other group has one. Which one is drawn at random,
    and each is drawn before any is drawn again.

    Parameters
    ----------
    groups : (N,) int
    among : (N, K) bool
        Of which diagnosis each image is.
    """
    generator = np.random.default_rng(seed)
    N, (code, size) = len(groups), (among.argmax(axis=1), np.bincount(groups))
    counts = np.zeros((len(size), among.shape[1]), dtype=np.int64)
    np.add.at(counts, (groups, code), 1)
    kind = counts.argmax(axis=1) * len(groups) + np.log2(size).astype(np.int64)
    # Images sorted by group and diagnosis: where those of each group, and of each of its diagnoses, begin.
    cell_start = np.cumsum(counts.ravel()).reshape(counts.shape) - counts
    cell = groups * among.shape[1] + code
    order = np.argsort(cell, kind="stable")
    place = np.empty(N, dtype=np.int64)
    place[order] = np.arange(N)
    in_group, in_cell = place - cell_start[groups, 0], place - cell_start[groups, code]
    by_kind = np.argsort(kind, kind="stable")
    source = np.empty(len(size), dtype=np.int64)
    for _ in range(num):
        source[by_kind] = np.argsort(kind + generator.random(len(size)))
        shuffled = np.argsort(cell + generator.random(N))
        given = source[groups]
        available = counts[given, code]
        yield shuffled[
            np.where(
                available > 0,
                cell_start[given, code] + in_cell % np.maximum(available, 1),
                cell_start[given, 0] + in_group % size[given],
            )
        ]


def adjust_for_largest(observed: Floats, permuted: Floats) -> tuple[Floats, Floats]:
    """Compute p-values of statistics, and adjust them for their number by the largest one of each permutation.

    The largest statistic is compared with the largest of each permutation, the second largest with the largest of all
    but the first, and so on (step-down).

    Parameters
    ----------
    observed : (V,) float
    permuted : (R, V) float

    Returns
    -------
    p_value, p_adjusted : (V,) float
    """
    # Equal statistics can differ in their last digits.
    reached = observed - 1e-9
    order = np.argsort(-observed, kind="stable")
    largest = np.maximum.accumulate(permuted[:, order[::-1]], axis=1)[:, ::-1]

    def share(values: Floats, bounds: Floats) -> Floats:
        # The observed attributes are one of the permutations.
        return np.asarray((1 + (values >= bounds).sum(axis=0)) / (1 + len(values)))

    p_adjusted = np.empty_like(observed)
    p_adjusted[order] = np.maximum.accumulate(share(largest, reached[order]))
    return share(permuted, reached), p_adjusted
