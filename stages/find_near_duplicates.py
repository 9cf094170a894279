"""Find images that are copies of each other, from their pixels alone: identifiers may be wrong or missing."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from PIL import Image

from lesions.drawing.style import write_figure
from lesions.errors import InputError
from lesions.formats.json_file import write_metrics
from lesions.images.opening import open_images
from lesions.images.shards import Images
from lesions.near_duplicates.alignment import COMPARED_PX
from lesions.near_duplicates.copies import find_copies, pair_identical_files
from lesions.near_duplicates.enlargements import PARTS
from lesions.near_duplicates.parameters import NearDuplicateParameters
from lesions.near_duplicates.perceptual_hash import parse_hashes
from lesions.near_duplicates.picture import MAX_SHOWN, plot_pairs
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.groups import find_pictures, list_identifiers, name_identifiers
from lesions.tables.metadata import read_metadata
from lesions.tables.near_duplicates import describe_pairs, write_pairs

SMALLEST_PX = 32
"""At 24 px, 8 of 500 pairs of different lesions had a correlation of 0.7; at 32 px none had."""


def main(
    images: Annotated[Path, typer.Option(help="All decoded images, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row per image.")],
    pairs: Annotated[Path, typer.Option(help="Written: one row per pair of copies.")],
    metrics: Annotated[Path, typer.Option(help="Written: the number of pairs of each kind.")],
    picture: Annotated[Path, typer.Option(help="Written: the pairs, side by side.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Pair identical files; among the other images, compare the details of those with similar hashes."""
    parameters = read_section(params, "near_duplicates", NearDuplicateParameters)
    table, pixels = read_metadata(metadata), open_images(images, params)
    if pixels.shape[1] < SMALLEST_PX:
        raise InputError(
            f"{images}: cached images of {pixels.shape[1]} px show too little detail to recognise copies; raise "
            f"cache_images.size_px to {SMALLEST_PX} or more"
        )
    original, copy = pair_identical_files(table.sha256)
    distinct = np.setdiff1d(np.arange(len(table)), copy)
    parts = [part for part in PARTS if part * pixels.shape[1] >= SMALLEST_PX]
    hashes = parse_hashes(table.perceptual_hash.iloc[distinct])
    rows = table.row.to_numpy()[distinct]
    near = find_copies(hashes, partial(read_grey, pixels, rows), parameters.min_correlation, parts=parts)

    exact_pairs = describe_pairs(table, original, copy, kind="exact", hash_similarity=1.0, correlation=1.0)
    near_pairs = describe_pairs(
        table,
        distinct[near["first"]],
        distinct[near["second"]],
        kind="near",
        hash_similarity=near.similarity.to_numpy(),
        correlation=near.correlation.to_numpy(),
    )
    all_pairs = pd.concat([exact_pairs, near_pairs], ignore_index=True)
    write_pairs(pairs, all_pairs)
    orientation = np.concatenate([np.zeros(len(copy), dtype=np.int64), near.orientation])
    write_figure(picture, plot_pairs(all_pairs.assign(orientation=orientation), table, pixels))
    counts = count_pairs(all_pairs, find_pictures(table, all_pairs))
    write_metrics(metrics, counts)
    print(f"{describe_counts(counts, name_identifiers(table))}; {picture} shows {min(len(all_pairs), MAX_SHOWN)}")


def read_grey(
    pixels: Images,
    rows: NDArray[np.int64],
    positions: NDArray[np.int64],
    part: float | NDArray[np.float64] = 1,
) -> NDArray[np.uint8]:
    """Return the grey images (P, 64, 64) at `positions` (P,) in `rows`, which are rows of the cache.

    `part` is the middle of their sides that is seen, of all or of each (P,).
    """
    parts = np.broadcast_to(part, len(positions)).tolist()
    shrunk = [shrink_image(image, part) for image, part in zip(pixels[rows[positions]], parts, strict=True)]
    return np.array(shrunk, dtype=np.uint8).reshape(-1, COMPARED_PX, COMPARED_PX)


def shrink_image(image: NDArray[np.uint8], part: float = 1) -> NDArray[np.uint8]:
    """Return the middle `part` of an image's sides, in grey, scaled to the size at which images are compared."""
    size, margin = len(image), len(image) * (1 - part) / 2
    # A box would repeat pixels where the part has fewer than the result.
    kernel = Image.Resampling.BOX if size * part >= COMPARED_PX else Image.Resampling.BILINEAR
    box = (margin, margin, size - margin, size - margin)
    return np.asarray(Image.fromarray(image).convert("L").resize((COMPARED_PX,) * 2, kernel, box))


def count_pairs(pairs: pd.DataFrame, picture_id: pd.Series) -> dict[str, Any]:
    """Count the pairs by what they mean for the split; all copies of one picture have the same `picture_id` (N,)."""
    return {
        "num_exact_pairs": int((pairs.kind == "exact").sum()),
        "num_near_pairs": int((pairs.kind == "near").sum()),
        "num_pairs_without_shared_identifier": int((~pairs.shares_identifier).sum()),
        "num_conflicting_pairs": int(pairs.is_conflicting.sum()),
        "largest_number_of_copies": int(picture_id.value_counts().max()),
    }


def describe_counts(counts: dict[str, Any], identifiers: str) -> str:
    """Describe the counts of pairs; identifiers are mentioned only if the data have them (`name_identifiers`)."""
    untied = ""
    if identifiers:
        names = " or ".join(list_identifiers(identifiers))
        untied = f"{counts['num_pairs_without_shared_identifier']} pairs have no {names} in common in the data, "
    return (
        f"{counts['num_exact_pairs']} pairs of identical files, {counts['num_near_pairs']} pairs of altered copies; "
        f"{untied}{counts['num_conflicting_pairs']} pairs have different diagnoses"
    )


if __name__ == "__main__":
    run_stage(main)
