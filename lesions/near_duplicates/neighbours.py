"""Finding candidate copies: images whose hashes are similar in some orientation."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.near_duplicates.cells import SEARCHED_TOGETHER, Cells
from lesions.near_duplicates.chunks import map_chunks
from lesions.near_duplicates.orientation import INVERSE, NUM_ORIENTATIONS, turn_hashes

NUM_NEIGHBOURS = 4
"""Number of nearest images considered for each image."""

MIN_SIMILARITY = 0.8
"""Of two sets of 500 altered copies of HAM10000's images, the lowest similarity to an original was 0.84."""


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
    units = _normalise_hashes(hashes)
    cells = Cells(units)

    def search(rows: slice) -> pd.DataFrame:
        turned = np.concatenate([turn_hashes(units[rows], orientation) for orientation in range(NUM_ORIENTATIONS)])
        # One more than wanted, because each image finds itself.
        similarity, other = cells.search(turned, NUM_NEIGHBOURS + 1)
        kept = similarity >= MIN_SIMILARITY
        orientation, image = np.divmod(np.nonzero(kept)[0], rows.stop - rows.start)
        columns = {
            "image": rows.start + image,
            "other": other[kept],
            "orientation": orientation,
            "rough": similarity[kept],
        }
        found = pd.DataFrame(columns)
        return found[found.image != found.other]

    found = map_chunks(search, len(hashes), "searching", size=SEARCHED_TOGETHER // NUM_ORIENTATIONS)
    nearest = pd.concat(found, ignore_index=True).sort_values(
        ["image", "rough", "orientation"], ascending=[True, False, True], kind="stable"
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
