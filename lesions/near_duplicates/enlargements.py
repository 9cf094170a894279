"""Finding candidate copies by their details: images that are like another one, or like the middle of another one."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import faiss
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.near_duplicates.agreement import MIN_AGREEMENT, compare_spectra
from lesions.near_duplicates.alignment import extract_details
from lesions.near_duplicates.chunks import map_chunks
from lesions.near_duplicates.fingerprints import NUM_STEPS, build_fingerprints, measure_spectra
from lesions.near_duplicates.neighbours import build_index

PARTS = (1.0, 0.8, 0.64, 0.5)
"""The middle of each image's sides that is searched for; each is 1.06⁴ times as large as the next."""

NUM_PER_PART = 2
"""Number of most similar images considered for each part of each image."""

MIN_LIKENESS = 0.55
"""Least product of two fingerprints."""


class ReadGrey(Protocol):
    """Reads some of the images, in grey."""

    def __call__(self, positions: NDArray[np.int64], part: float | NDArray[np.float64] = 1, /) -> NDArray[np.uint8]:
        """Return the middle `part` of the sides of the images at `positions` (P,), as (P, 64, 64)."""


def measure_images(read_grey: ReadGrey, num_images: int) -> NDArray[np.float16]:
    """Return the spectra (N, 27, 48) of all images; half precision halves the memory, and is enough to compare."""
    images = np.arange(num_images)
    measured = map_chunks(
        lambda chunk: measure_spectra(extract_details(read_grey(images[chunk]))).astype(np.float16),
        num_images,
        "measuring details",
    )
    return np.concatenate(measured)


def find_enlargements(
    read_grey: ReadGrey,
    spectra: NDArray[np.float16],
    images: NDArray[np.int64],
    searching: NDArray[np.int64],
    parts: Sequence[float],
) -> pd.DataFrame:
    """Find the images that are most like an image or its middle, in any rotation, mirrored or not, shifted a little.

    Parameters
    ----------
    read_grey
        Called for a few images at a time.
    spectra : (N, 27, 48) float16
        Of all images.
    images : (M,) int
        The images among which others are found, in ascending order.
    searching : (S,) int
        Those of them whose parts are searched for.
    parts
        The middle of their sides that is searched for; none is allowed.

    Returns
    -------
    table
        One row per pair, sorted: `image`, the `part` of it and the `step` that are most like `other`, their
        `likeness`, and the `mirrored` and `angle` of `compare_spectra`. The step is the power of 1.06 by which the
        part is enlarged.
    """
    if not parts:
        columns = ["image", "other", "part", "step", "likeness", "mirrored", "angle"]
        return pd.DataFrame(columns=columns, dtype=np.int64)
    whole = map_chunks(
        lambda chunk: build_fingerprints(spectra[images[chunk]].astype(np.float32), 0), len(images), "fingerprinting"
    )
    index = build_index(np.concatenate(whole))

    def search(rows: slice, part: float) -> pd.DataFrame:
        chunk = searching[rows]
        moving = (
            spectra[chunk].astype(np.float32)
            if part == 1
            else measure_spectra(extract_details(read_grey(chunk, part)))
        )
        found = _search_part(index, moving)
        image, other = found.image.to_numpy(), images[found.other]
        agreement = compare_spectra(moving[image], spectra[other].astype(np.float32), found.step.to_numpy())
        found = found.assign(
            image=chunk[image], other=other, part=part, mirrored=agreement.mirrored, angle=agreement.angle
        )
        return found[(agreement.value >= MIN_AGREEMENT) & (found.image != found.other)]

    tables = [
        table
        for part in parts
        for table in map_chunks(partial(search, part=part), len(searching), f"searching for the middle {part:.0%}")
    ]
    found = pd.concat(tables, ignore_index=True).sort_values(
        ["likeness", "image", "other"], ascending=[False, True, True], kind="stable"
    )
    found = found[found.groupby(["image", "part"]).cumcount() < NUM_PER_PART]
    pair = [np.minimum(found.image, found.other), np.maximum(found.image, found.other)]
    return found[found.groupby(pair).cumcount() == 0].sort_values(["image", "other"]).reset_index(drop=True)


def _search_part(index: faiss.IndexIVFScalarQuantizer, spectra: NDArray[np.float32]) -> pd.DataFrame:
    """Return the nearest others of each image (N, 27, 48), each once, at the step at which it is most like it."""
    fingerprints = np.stack([build_fingerprints(spectra, step) for step in range(NUM_STEPS)], axis=1)
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
