"""Finding the vectors that are most like others, among so many that not all pairs can be compared."""

from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np
from numpy.typing import NDArray

VECTORS_PER_CELL = 256
CELLS_SEARCHED = 32
"""Vectors are divided into cells of about 256 neighbours, and a search opens 32 of them, which a graph finds: about
N log N comparisons, and all of them up to 8,192 vectors."""

NUM_LINKS = 16
"""Links of each cell to its neighbours in that graph (Malkov and Yashunin 2018)."""

SEARCHED_TOGETHER = 8_192
"""Number of vectors to search for at a time. A cell is compared with all that open it in one product of matrices: one
after the other, they would read each cell from memory anew."""


class Cells:
    """Vectors (N, D) of length 1, divided into cells of neighbours."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        N, width = vectors.shape
        num_cells = max(1, N // VECTORS_PER_CELL)
        self._graph = faiss.IndexHNSWFlat(width, NUM_LINKS, faiss.METRIC_INNER_PRODUCT)
        self._graph.hnsw.efSearch = CELLS_SEARCHED
        # Cells need equal sizes, not quality: a few rounds are enough, and a graph may assign the vectors in each.
        settings = faiss.ClusteringParameters()
        settings.seed, settings.niter, settings.spherical = 0, 5, True
        settings.min_points_per_centroid, settings.max_points_per_centroid = 1, VECTORS_PER_CELL
        with _one_thread():
            faiss.Clustering(width, num_cells, settings).train(vectors, self._graph)
            cell = self._graph.search(vectors, 1)[1].ravel()
        self._members = np.argsort(cell, kind="stable")
        self._vectors = vectors[self._members]
        self._starts = np.searchsorted(cell[self._members], np.arange(num_cells + 1))

    def search(self, queries: NDArray[np.float32], number: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Find the vectors that are most like each query: their products, in falling order, and their positions.

        Parameters
        ----------
        queries : (Q, D) float32
        number
            How many of them are wanted.

        Returns
        -------
        likeness : (Q, `number`) float32
        position : (Q, `number`) int
            Where fewer are found, −∞ and −1.
        """
        with _one_thread():
            opened = self._graph.search(queries, CELLS_SEARCHED)[1].ravel()
        likeness = np.full((len(opened), number), -np.inf, dtype=np.float32)
        position = np.full((len(opened), number), -1)
        order = np.argsort(opened, kind="stable")
        starts = np.searchsorted(opened[order], np.arange(len(self._starts)))
        for cell in range(len(self._starts) - 1):
            inside, asking = slice(*self._starts[cell : cell + 2]), order[slice(*starts[cell : cell + 2])]
            members = self._members[inside]
            if len(members) and len(asking):
                product = queries[asking // CELLS_SEARCHED] @ self._vectors[inside].T
                for rank in range(min(number, len(members))):
                    best = product.argmax(axis=1)
                    place = np.arange(len(best)), best
                    likeness[asking, rank], position[asking, rank] = product[place], members[best]
                    product[place] = -np.inf
        likeness, position = (found.reshape(len(queries), -1) for found in (likeness, position))
        best = np.argsort(-likeness, axis=1, kind="stable")[:, :number]
        return np.take_along_axis(likeness, best, axis=1), np.take_along_axis(position, best, axis=1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let faiss use one thread: several would link the graph in an order that differs between runs."""
    num_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(num_threads)
