"""Which images may be copies of each other: those whose hashes are near, in any orientation."""

import faiss
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.near_duplicates.orientation import NUM_ORIENTATIONS, turn_hashes

NUM_NEIGHBOURS = 4
"""Nearest images looked at for each image."""

MIN_SIMILARITY = 0.8
"""Of 500 altered copies among HAM10000's images, the least like its original had 0.85 (docs/near-duplicates.md)."""

CELLS_PER_ROOT = 2
CELLS_SEARCHED = 16
"""The hashes are parted into 2 √N cells of neighbours, of which a search opens 16: it grows with N √N, not N²."""


def find_candidates(hashes: NDArray[np.int8]) -> pd.DataFrame:
    """Find for each image the nearest others, in eight orientations.

    Parameters
    ----------
    hashes : (N, F²) int8

    Returns
    -------
    table
        One row a pair, sorted: `first` and `second` < N, `orientation` that brings the first nearest to the second,
        `similarity` of their hashes then.
    """
    N = len(hashes)
    lengths = np.linalg.norm(hashes.astype(np.float32), axis=1, keepdims=True)
    units = hashes / np.maximum(lengths, 1)
    index = _build_index(units)
    found = []
    for orientation in range(NUM_ORIENTATIONS):
        # One more than wanted, because an image finds itself.
        similarities, others = index.search(turn_hashes(units, orientation), min(N, NUM_NEIGHBOURS + 1))
        image = np.arange(N)[:, None]
        kept = (others >= 0) & (others != image) & (similarities >= MIN_SIMILARITY)
        found.append(
            pd.DataFrame(
                {
                    "first": np.broadcast_to(image, others.shape)[kept],
                    "second": others[kept],
                    "orientation": orientation,
                    "similarity": similarities[kept].clip(max=1),
                }
            )
        )
    best = pd.concat(found, ignore_index=True)
    best = best.sort_values(["similarity", "first", "second", "orientation"], ascending=[False, True, True, True])
    best = best.drop_duplicates(["first", "second"])
    best = best[best.groupby("first").cumcount() < NUM_NEIGHBOURS]
    # Two images that found each other are one pair; the better of the two orientations stays.
    pair = pd.DataFrame(np.sort(best[["first", "second"]], axis=1), index=best.index)
    return best[~pair.duplicated()].sort_values(["first", "second"], ignore_index=True)


def _build_index(units: NDArray[np.float32]) -> faiss.IndexIVFFlat:
    N, width = units.shape
    num_cells = min(N, int(CELLS_PER_ROOT * np.sqrt(N)))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, num_cells, faiss.METRIC_INNER_PRODUCT)
    # Cells need not be good, only even: a few images a cell, and a few rounds, are enough to place them.
    index.cp.seed, index.cp.niter = 0, 10
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, 64
    index.train(units)
    index.add(units)
    index.nprobe = CELLS_SEARCHED
    return index
