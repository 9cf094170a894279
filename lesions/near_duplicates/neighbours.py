"""Which images may be copies of each other: those whose hashes are near, in any orientation."""

import faiss
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.near_duplicates.orientation import INVERSE, NUM_ORIENTATIONS, turn_hashes

NUM_NEIGHBOURS = 4
"""Nearest images looked at for each image."""

MIN_SIMILARITY = 0.8
"""Of twice 500 altered copies of HAM10000's images, the least like its original had 0.84."""

CELLS_PER_ROOT = 2
CELLS_SEARCHED = 16
"""The hashes are parted into 2 √N cells of neighbours, of which a search opens 16: it compares N √N pairs, not N²."""


def find_candidates(hashes: NDArray[np.int8]) -> pd.DataFrame:
    """Find for each image the nearest others, in eight orientations.

    Parameters
    ----------
    hashes : (N, F²) int8

    Returns
    -------
    table
        One row a pair, sorted: `first` < `second`, `orientation` that brings the first nearest to the second,
        `similarity` of their hashes then.
    """
    N = len(hashes)
    units = _normalise(hashes)
    index = _build_index(units)
    found = []
    for orientation in range(NUM_ORIENTATIONS):
        # One more than wanted, because an image finds itself.
        similarities, others = index.search(turn_hashes(units, orientation), min(N, NUM_NEIGHBOURS + 1))
        image = np.broadcast_to(np.arange(N)[:, None], others.shape)
        kept = (others >= 0) & (others != image) & (similarities >= MIN_SIMILARITY)
        columns = {
            "image": image[kept],
            "other": others[kept],
            "orientation": orientation,
            "rough": similarities[kept],
        }
        found.append(pd.DataFrame(columns))
    nearest = pd.concat(found, ignore_index=True).sort_values(
        ["image", "rough"], ascending=[True, False], kind="stable"
    )
    nearest = nearest.drop_duplicates(["image", "other"])
    return _build_pairs(nearest[nearest.groupby("image").cumcount() < NUM_NEIGHBOURS], hashes)


def _build_pairs(nearest: pd.DataFrame, hashes: NDArray[np.int8]) -> pd.DataFrame:
    """Make one row of each pair, whichever of the two found the other, with a similarity that no rounding touches."""
    swapped = (nearest.image > nearest.other).to_numpy()
    ways = nearest.orientation.to_numpy()
    pairs = pd.DataFrame(
        {
            "first": nearest[["image", "other"]].min(axis=1),
            "second": nearest[["image", "other"]].max(axis=1),
            "orientation": np.where(swapped, np.array(INVERSE)[ways], ways),
        }
    )
    pairs["similarity"] = 0.0
    for orientation, part in pairs.groupby("orientation"):
        turned = turn_hashes(hashes[part["first"]].astype(np.float64), int(str(orientation)))
        still = hashes[part["second"]].astype(np.float64)
        lengths = np.sqrt((turned**2).sum(axis=1) * (still**2).sum(axis=1))
        pairs.loc[part.index, "similarity"] = (turned * still).sum(axis=1) / lengths
    ordered = pairs.sort_values(["first", "second", "similarity", "orientation"], ascending=[True, True, False, True])
    return ordered.drop_duplicates(["first", "second"]).reset_index(drop=True)


def _normalise(hashes: NDArray[np.int8]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(hashes.astype(np.float32), axis=1, keepdims=True)
    return hashes / np.maximum(lengths, 1)


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
