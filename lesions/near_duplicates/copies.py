"""Finding images that are altered copies of each other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.hardware.processors import count_processors
from lesions.near_duplicates.alignment import correlate_images
from lesions.near_duplicates.neighbours import NUM_NEIGHBOURS, find_candidates
from lesions.stage.progress import show_progress
from lesions.tables.groups import find_components

CHUNK = 64
"""Number of pairs compared at a time; more do not fit into a processor's cache."""

PROMISING = 0.5
"""Fraction of the threshold that a pair must reach at few positions to be compared at all positions."""

ReadGrey = Callable[[NDArray[np.int64]], NDArray[np.uint8]]
"""Returns grey images (P, 64, 64) uint8, given their positions (P,)."""


def find_copies(hashes: NDArray[np.int8], read_grey: ReadGrey, min_correlation: float) -> pd.DataFrame:
    """Find pairs of images with similar hashes and correlated details.

    For an image with many copies, not every pair is returned, but enough pairs to connect all copies.

    Parameters
    ----------
    hashes : (N, F²) int8
    read_grey
        Called for each comparison, because few of the images are compared.

    Returns
    -------
    table
        One row per pair: `first` < `second` < N, `orientation`, `similarity`, `correlation`.
    """
    copies = _confirm_pairs(find_candidates(hashes), read_grey, min_correlation)
    while True:
        cluster = find_components(copies["first"].to_numpy(), copies["second"].to_numpy(), len(hashes))
        # If an image has many copies, its nearest neighbours are all copies. One image of each cluster searches again
        # for images beyond them.
        is_crowded = np.bincount(cluster)[cluster] > NUM_NEIGHBOURS
        if not is_crowded.any():
            return copies
        _, members = np.unique(cluster, return_index=True)
        beyond = find_candidates(hashes[members])
        beyond[["first", "second"]] = members[beyond[["first", "second"]]]
        beyond = beyond[is_crowded[beyond["first"]] | is_crowded[beyond["second"]]]
        confirmed = _confirm_pairs(beyond, read_grey, min_correlation)
        if confirmed.empty:
            return copies
        copies = pd.concat([copies, confirmed], ignore_index=True)


def _confirm_pairs(candidates: pd.DataFrame, read_grey: ReadGrey, min_correlation: float) -> pd.DataFrame:
    """Return the candidates that reach the correlation, with a column `correlation`."""
    rough = _correlate_pairs(candidates, read_grey, roughly=True)
    promising = candidates[rough >= PROMISING * min_correlation]
    # Rounded to three decimals, because the last bits depend on the processor.
    compared = promising.assign(correlation=_correlate_pairs(promising, read_grey, roughly=False).round(3))
    return compared[compared.correlation >= min_correlation].reset_index(drop=True)


def _correlate_pairs(candidates: pd.DataFrame, read_grey: ReadGrey, *, roughly: bool) -> NDArray[np.float32]:
    """Return the correlation (P,) of each pair."""
    chunks = [candidates.iloc[start : start + CHUNK] for start in range(0, len(candidates), CHUNK)]

    def compare(chunk: pd.DataFrame) -> NDArray[np.float32]:
        first, second = (read_grey(chunk[side].to_numpy()) for side in ("first", "second"))
        return correlate_images(first, second, chunk.orientation.to_numpy(), roughly=roughly)

    description = "comparing roughly" if roughly else "comparing"
    with ThreadPoolExecutor(count_processors()) as threads:
        correlations = list(show_progress(threads.map(compare, chunks), description, total=len(chunks)))
    return np.concatenate([np.zeros(0, np.float32), *correlations])


def pair_identical_files(sha256: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair each repeated file with the first identical one; return the positions of the first and of the others."""
    positions = pd.Series(np.arange(len(sha256)), index=sha256.index)
    first = positions.groupby(sha256).transform("min")
    is_copy = (first != positions).to_numpy()
    return first.to_numpy()[is_copy], positions.to_numpy()[is_copy]
