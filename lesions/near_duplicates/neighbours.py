"""Finding candidate copies: images whose hashes are similar in some orientation."""

from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.near_duplicates.orientation import INVERSE, NUM_ORIENTATIONS, turn_hashes

NUM_NEIGHBOURS = 4
"""Number of nearest images considered for each image."""

MIN_SIMILARITY = 0.8
"""Of two sets of 500 altered copies of HAM10000's images, the lowest similarity to an original was 0.84."""

IMAGES_PER_CELL = 32
CELLS_SEARCHED = 64
"""Vectors are divided into cells of about 32 neighbours, and a search opens 64 of them, which a graph finds: about
N log N comparisons."""

NUM_LINKS = 16
"""Links of each cell to its neighbours in that graph (Malkov and Yashunin 2018)."""

TRAINED_BY_ASSIGNER = chr(2)
"""faiss's number for cells that are found with the help of another index."""


def find_candidates(hashes: NDArray[np.int8]) -> pd.DataFrame:
    """Find the nearest other images of each image, in eight orientations.

    Parameters
    ----------
    hashes : (N, F²) int8

    Returns
    -------
    table
        One row per pair, sorted: `first` < `second`, the `orientation` of the first that is most like the second, and
        the `similarity` of their hashes in that orientation.
    """
    N = len(hashes)
    units = _normalise_hashes(hashes)
    index = build_index(units)
    neighbours = []
    for orientation in range(NUM_ORIENTATIONS):
        # One more than wanted, because each image finds itself.
        similarities, others = index.search(turn_hashes(units, orientation), min(N, NUM_NEIGHBOURS + 1))
        image = np.broadcast_to(np.arange(N)[:, None], others.shape)
        kept = (others >= 0) & (others != image) & (similarities >= MIN_SIMILARITY)
        columns = {
            "image": image[kept],
            "other": others[kept],
            "orientation": orientation,
            "rough": similarities[kept],
        }
        neighbours.append(pd.DataFrame(columns))
    nearest = pd.concat(neighbours, ignore_index=True).sort_values(
        ["image", "rough"], ascending=[True, False], kind="stable"
    )
    nearest = nearest.drop_duplicates(["image", "other"])
    return _build_pairs(nearest[nearest.groupby("image").cumcount() < NUM_NEIGHBOURS], hashes)


def _build_pairs(nearest: pd.DataFrame, hashes: NDArray[np.int8]) -> pd.DataFrame:
    """Return one row per pair, whichever image found the other, with the exact similarity of the integer hashes."""
    pairs = compare_hashes(hashes, order_pairs(nearest[["image", "other", "orientation"]]))
    ordered = pairs.sort_values(["first", "second", "similarity", "orientation"], ascending=[True, True, False, True])
    return ordered.drop_duplicates(["first", "second"]).reset_index(drop=True)


def order_pairs(found: pd.DataFrame) -> pd.DataFrame:
    """Return pairs with `first` < `second` instead of `image` and `other`, and the `orientation` of the first."""
    swapped = (found.image > found.other).to_numpy()
    orientations = found.orientation.to_numpy()
    return found.drop(columns=["image", "other"]).assign(
        first=np.minimum(found.image, found.other),
        second=np.maximum(found.image, found.other),
        orientation=np.where(swapped, np.array(INVERSE)[orientations], orientations),
    )


def compare_hashes(hashes: NDArray[np.int8], pairs: pd.DataFrame) -> pd.DataFrame:
    """Return pairs with the exact `similarity` of their hashes, in the orientation that they have."""
    compared = pairs.assign(similarity=0.0)
    for orientation, part in pairs.groupby("orientation"):
        turned = turn_hashes(hashes[part["first"]].astype(np.float64), int(str(orientation)))
        still = hashes[part["second"]].astype(np.float64)
        lengths = np.sqrt((turned**2).sum(axis=1) * (still**2).sum(axis=1))
        compared.loc[part.index, "similarity"] = (turned * still).sum(axis=1) / lengths
    return compared


def _normalise_hashes(hashes: NDArray[np.int8]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(hashes.astype(np.float32), axis=1, keepdims=True)
    return hashes / np.maximum(lengths, 1)


def build_index(units: NDArray[np.float32]) -> faiss.IndexIVFScalarQuantizer:
    """Divide vectors (N, D) of length 1 into cells of neighbours, in which a search compares them.

    They are kept in half precision: a search reads half as much memory, on which its time depends, and its
    similarities are exact to 0.0002.
    """
    N, width = units.shape
    num_cells = max(1, N // IMAGES_PER_CELL)
    cells, assigner = (faiss.IndexHNSWFlat(width, NUM_LINKS, faiss.METRIC_INNER_PRODUCT) for _ in range(2))
    cells.hnsw.efSearch = CELLS_SEARCHED
    is_residual = False
    half = faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexIVFScalarQuantizer(cells, width, num_cells, half, faiss.METRIC_INNER_PRODUCT, is_residual)
    index.nprobe = CELLS_SEARCHED
    # Cells need equal sizes, not quality: a few rounds are enough, and a graph may assign the vectors in each.
    index.clustering_index, index.quantizer_trains_alone = assigner, TRAINED_BY_ASSIGNER
    index.cp.seed, index.cp.niter, index.cp.spherical = 0, 5, True
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, IMAGES_PER_CELL
    with _one_thread():
        index.train(units)
        index.add(units)
    return index


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let faiss use one thread: several would link the graph in an order that differs between runs."""
    num_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(num_threads)
