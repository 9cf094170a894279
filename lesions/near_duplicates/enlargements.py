"""Finding candidate copies by their details: images that are like another one, or like the middle of another one."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.near_duplicates.agreement import MIN_AGREEMENT, compare_spectra
from lesions.near_duplicates.alignment import extract_details
from lesions.near_duplicates.cells import SEARCHED_TOGETHER, Cells
from lesions.near_duplicates.chunks import map_chunks, split_rows
from lesions.near_duplicates.fingerprints import NUM_STEPS, build_fingerprints, measure_spectra

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
    cells = Cells(np.concatenate(whole))

    def search(rows: slice) -> pd.DataFrame:
        chunk = searching[rows]
        moving = np.concatenate(
            [
                spectra[chunk].astype(np.float32) if part == 1 else _measure_parts(read_grey, chunk, part)
                for part in parts
            ]
        )
        found = _search_spectra(cells, moving)
        found = found.assign(other=images[found.other])
        agreeing = [_keep_agreeing(found.iloc[some], moving, spectra) for some in split_rows(len(found))]
        found = pd.concat([found.head(0), *agreeing], ignore_index=True)
        which, image = np.divmod(found.pop("row"), len(chunk))
        found = found.assign(image=chunk[image], part=np.array(parts)[which])
        return found[found.image != found.other]

    tables = map_chunks(
        search, len(searching), "searching for parts", size=SEARCHED_TOGETHER // (len(parts) * NUM_STEPS)
    )
    found = pd.concat(tables, ignore_index=True).sort_values(
        ["likeness", "image", "other"], ascending=[False, True, True], kind="stable"
    )
    found = found[found.groupby(["image", "part"]).cumcount() < NUM_PER_PART]
    pair = [np.minimum(found.image, found.other), np.maximum(found.image, found.other)]
    return found[found.groupby(pair).cumcount() == 0].sort_values(["image", "other"]).reset_index(drop=True)


def _measure_parts(read_grey: ReadGrey, images: NDArray[np.int64], part: float) -> NDArray[np.float32]:
    """Return the spectra (P, 27, 48) of the middle of images (P,)."""
    measured = [measure_spectra(extract_details(read_grey(images[rows], part))) for rows in split_rows(len(images))]
    return np.concatenate(measured)


def _search_spectra(cells: Cells, spectra: NDArray[np.float32]) -> pd.DataFrame:
    """Return the nearest others of each row (N, 27, 48), each once, at the step at which the row is most like it."""
    fingerprints = np.concatenate([build_fingerprints(spectra, step) for step in range(NUM_STEPS)])
    # One more than wanted, because each image finds itself.
    likeness, other = cells.search(fingerprints, NUM_PER_PART + 1)
    kept = likeness >= MIN_LIKENESS
    step, row = np.divmod(np.nonzero(kept)[0], len(spectra))
    found = pd.DataFrame({"row": row, "other": other[kept], "step": step, "likeness": likeness[kept]})
    best = found.sort_values(["row", "other", "likeness", "step"], ascending=[True, True, False, True])
    return best.drop_duplicates(["row", "other"])


def _keep_agreeing(found: pd.DataFrame, moving: NDArray[np.float32], spectra: NDArray[np.float16]) -> pd.DataFrame:
    """Return the rows of `found` whose spectra agree, and in which pose."""
    still = spectra[found.other].astype(np.float32)
    agreement = compare_spectra(moving[found.row], still, found.step.to_numpy())
    posed = found.assign(mirrored=agreement.mirrored, angle=agreement.angle)
    return posed[agreement.value >= MIN_AGREEMENT]
