"""Finding candidate copies by their details: images that are like another one, or like the middle of another one."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

import faiss
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.hardware.processors import count_processors
from lesions.near_duplicates.alignment import extract_details
from lesions.near_duplicates.fingerprints import NUM_STEPS, build_fingerprints, measure_spectra
from lesions.near_duplicates.neighbours import build_index
from lesions.stage.progress import show_progress

PARTS = (1.0, 0.8, 0.64, 0.5)
"""The middle of each image's sides that is searched for; each is 1.06⁴ times as large as the next."""

NUM_PER_PART = 2
"""Number of most similar images considered for each part of each image."""

MIN_LIKENESS = 0.55
"""Least product of two fingerprints. At this value HAM10000 has one candidate for two images."""

CHUNK = 64
"""Number of images measured at a time; more do not fit into a processor's cache."""

Measured = TypeVar("Measured")


class ReadGrey(Protocol):
    """Reads some of the images, in grey."""

    def __call__(self, positions: NDArray[np.int64], part: float | NDArray[np.float64] = 1, /) -> NDArray[np.uint8]:
        """Return the middle `part` of the sides of the images at `positions` (P,), as (P, 64, 64)."""


def find_enlargements(
    read_grey: ReadGrey, images: NDArray[np.int64], searching: NDArray[np.int64], parts: Sequence[float]
) -> pd.DataFrame:
    """Find the images that are most like an image or its middle, in any rotation, mirrored or not, shifted a little.

    Parameters
    ----------
    read_grey
        Called for a few images at a time.
    images : (M,) int
        The images among which others are found, in ascending order.
    searching : (S,) int
        Those of them whose parts are searched for.
    parts
        The middle of their sides that is searched for; none is allowed.

    Returns
    -------
    table
        One row per pair, sorted: `image`, the `part` of it and the `step` that are most like `other`, and their
        `likeness`. The step is the power of 1.06 by which the part is enlarged.
    """
    if not parts:
        return pd.DataFrame(columns=["image", "other", "part", "step", "likeness"], dtype=np.int64)
    # Half precision halves the memory, and is enough to compare.
    whole = np.concatenate(
        _map_chunks(lambda chunk: _fingerprint(read_grey(chunk)).astype(np.float16), images, "fingerprinting")
    )
    index = build_index(whole[:, 0].astype(np.float32))

    def search(chunk: NDArray[np.int64], part: float) -> pd.DataFrame:
        fingerprints = whole[np.searchsorted(images, chunk)] if part == 1 else _fingerprint(read_grey(chunk, part))
        found = _search_part(index, fingerprints.astype(np.float32))
        found = found.assign(image=chunk[found.image], other=images[found.other], part=part)
        return found[found.image != found.other]

    tables = [
        table
        for part in parts
        for table in _map_chunks(partial(search, part=part), searching, f"searching for the middle {part:.0%}")
    ]
    found = pd.concat(tables, ignore_index=True).sort_values(
        ["likeness", "image", "other"], ascending=[False, True, True], kind="stable"
    )
    found = found[found.groupby(["image", "part"]).cumcount() < NUM_PER_PART]
    pair = [np.minimum(found.image, found.other), np.maximum(found.image, found.other)]
    return found[found.groupby(pair).cumcount() == 0].sort_values(["image", "other"]).reset_index(drop=True)


def _fingerprint(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the fingerprints (N, 4, 192) of images at each step."""
    spectra = measure_spectra(extract_details(grey))
    return np.stack([build_fingerprints(spectra, step) for step in range(NUM_STEPS)], axis=1)


def _search_part(index: faiss.IndexIVFFlat, fingerprints: NDArray[np.float32]) -> pd.DataFrame:
    """Return the nearest others of each image (N, 4, 192), each once, at the step at which it is most like it."""
    # One more than wanted, because each image finds itself.
    nearest = index.search(fingerprints.reshape(-1, fingerprints.shape[2]), NUM_PER_PART + 1)
    likeness, other = (result.reshape(*fingerprints.shape[:2], -1) for result in nearest)
    image, step, _ = np.broadcast_arrays(*np.ogrid[: len(other), :NUM_STEPS, :1], other)[:3]
    kept = (other >= 0) & (likeness >= MIN_LIKENESS)
    order = np.argsort(-likeness[kept], kind="stable")
    columns = {"image": image, "other": other, "step": step, "likeness": likeness}
    found = {name: values[kept][order] for name, values in columns.items()}
    _, best = np.unique(found["image"] * index.ntotal + found["other"], return_index=True)
    return pd.DataFrame({name: values[best] for name, values in found.items()})


def _map_chunks(
    measure: Callable[[NDArray[np.int64]], Measured], images: NDArray[np.int64], description: str
) -> list[Measured]:
    """Return what `measure` returns for 64 images at a time."""
    chunks = [images[start : start + CHUNK] for start in range(0, len(images), CHUNK)]
    with ThreadPoolExecutor(count_processors()) as threads:
        return list(show_progress(threads.map(measure, chunks), description, total=len(chunks)))
