"""Finding images that are altered copies of each other."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.near_duplicates.agreement import MIN_AGREEMENT, compare_at_every_step
from lesions.near_duplicates.alignment import ALL, NEAR, correlate_images
from lesions.near_duplicates.chunks import map_chunks
from lesions.near_duplicates.enlargements import PARTS, ReadGrey, find_enlargements, measure_images
from lesions.near_duplicates.neighbours import NUM_NEIGHBOURS, compare_hashes, find_candidates, order_pairs
from lesions.near_duplicates.poses import pose_images
from lesions.tables.groups import find_components

MIN_EVIDENCE = 0.43
"""Least product of correlation and likeness of fingerprints. Round dark moles can be turned until their outlines
correlate by 0.69, but their fingerprints are less alike; the highest product of such a pair of HAM10000 was 0.39."""


def find_copies(
    hashes: NDArray[np.int8], read_grey: ReadGrey, min_correlation: float, *, parts: Sequence[float] = PARTS
) -> pd.DataFrame:
    """Find pairs of images with similar hashes or fingerprints, and correlated details.

    For an image with many copies, not every pair is returned, but enough pairs to connect all copies.

    Parameters
    ----------
    hashes : (N, F²) int8
    read_grey
        Called for each comparison, so that not all images are held at once.
    parts
        The middle of each image's sides that is searched for in the others; without any, only hashes are compared.

    Returns
    -------
    table
        One row per pair: `first` < `second` < N, `orientation`, `similarity`, `correlation`.
    """
    images = searching = np.arange(len(hashes))
    spectra = measure_images(read_grey, len(hashes))
    found: list[pd.DataFrame] = []
    while True:
        candidates = find_candidates(hashes[images])
        candidates[["first", "second"]] = images[candidates[["first", "second"]]]
        is_sought = candidates[["first", "second"]].isin(searching).any(axis=1)
        by_forms = _confirm_candidates(_keep_agreeing(candidates[is_sought], spectra), read_grey, min_correlation)
        enlarged = find_enlargements(read_grey, spectra, images, searching, parts)
        by_details = _confirm_enlargements(_leave_out(enlarged, by_forms), read_grey, min_correlation)
        found += [by_forms, compare_hashes(hashes, by_details)]
        copies = pd.concat(found, ignore_index=True)
        cluster = find_components(copies["first"].to_numpy(), copies["second"].to_numpy(), len(hashes))
        # If an image has many copies, its nearest neighbours are all copies. One image of each cluster searches again
        # for images beyond them.
        is_crowded = np.bincount(cluster)[cluster] > NUM_NEIGHBOURS
        if (by_forms.empty and by_details.empty) or not is_crowded.any():
            return copies
        _, images = np.unique(cluster, return_index=True)
        searching = images[is_crowded[images]]


def _keep_agreeing(candidates: pd.DataFrame, spectra: NDArray[np.float16]) -> pd.DataFrame:
    """Return the candidates whose spectra agree."""

    def compare(rows: slice) -> NDArray[np.float32]:
        first, second = (spectra[candidates[side].to_numpy()[rows]] for side in ("first", "second"))
        return compare_at_every_step(first.astype(np.float32), second.astype(np.float32))

    agreement = np.concatenate([[], *map_chunks(compare, len(candidates), "comparing details")])
    return candidates[agreement >= MIN_AGREEMENT]


def _confirm_candidates(candidates: pd.DataFrame, read_grey: ReadGrey, min_correlation: float) -> pd.DataFrame:
    """Return the candidates that reach the correlation, with a column `correlation`."""

    def compare(chunk: pd.DataFrame) -> pd.DataFrame:
        first, second = (read_grey(chunk[side].to_numpy()) for side in ("first", "second"))
        return chunk.assign(correlation=correlate_images(first, second, chunk.orientation.to_numpy(), ALL))

    return _keep_correlated(_map_pairs(compare, candidates, "comparing"), min_correlation)


def _confirm_enlargements(enlarged: pd.DataFrame, read_grey: ReadGrey, min_correlation: float) -> pd.DataFrame:
    """Return those that reach the correlation, as pairs with columns `orientation` and `correlation`.

    Where the two images show different parts of a picture, the correlation is multiplied by the root of the part of
    the frame that both show, as if the details of the rest had nothing in common.
    """

    def compare(chunk: pd.DataFrame) -> pd.DataFrame:
        moving = read_grey(chunk.image.to_numpy(), chunk.part.to_numpy())
        still = read_grey(chunk.other.to_numpy())
        step, mirrored, angle = (chunk[column].to_numpy() for column in ("step", "mirrored", "angle"))
        posed, still, orientation = pose_images(moving, still, step, mirrored=mirrored, angle=angle)
        upright = np.zeros(len(chunk), dtype=np.int64)
        shown = (posed > 0).mean(axis=(1, 2))
        correlation = correlate_images(posed, still, upright, NEAR) * np.sqrt(shown)
        return chunk.assign(orientation=orientation, correlation=correlation)

    compared = _map_pairs(compare, enlarged.assign(orientation=0), "comparing parts")
    convincing = compared[compared.correlation * compared.likeness >= MIN_EVIDENCE]
    pairs = convincing[["image", "other", "orientation", "correlation"]]
    return order_pairs(_keep_correlated(pairs, min_correlation))


def _map_pairs(
    compare: Callable[[pd.DataFrame], pd.DataFrame], pairs: pd.DataFrame, description: str
) -> pd.DataFrame:
    """Return the rows of `pairs`, as `compare` returns them for a chunk at a time, with a column `correlation`."""
    compared = map_chunks(lambda rows: compare(pairs.iloc[rows]), len(pairs), description)
    return pd.concat([pairs.head(0).assign(correlation=0.0), *compared], ignore_index=True)


def _keep_correlated(compared: pd.DataFrame, min_correlation: float) -> pd.DataFrame:
    # Rounded to three decimals, because the last bits depend on the processor.
    rounded = compared.assign(correlation=compared.correlation.round(3))
    return rounded[rounded.correlation >= min_correlation].reset_index(drop=True)


def _leave_out(enlarged: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose two images are not a pair that is known."""
    pair = [np.minimum(enlarged.image, enlarged.other), np.maximum(enlarged.image, enlarged.other)]
    return enlarged[~pd.MultiIndex.from_arrays(pair).isin(pd.MultiIndex.from_frame(known[["first", "second"]]))]


def pair_identical_files(sha256: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair each repeated file with the first identical one; return the positions of the first and of the others."""
    positions = pd.Series(np.arange(len(sha256)), index=sha256.index)
    first = positions.groupby(sha256).transform("min")
    is_copy = (first != positions).to_numpy()
    return first.to_numpy()[is_copy], positions.to_numpy()[is_copy]
