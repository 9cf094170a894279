"""Measure how time, memory and disk of the stages before training grow with the number of images.

The images are drawn, all different, and lie in one archive, as those of SLICE-3D do (`benchmarks.drawn_lesions`);
1,200 of them are altered copies with other patients. Each stage runs in a process of its own. Its time on processors,
which other programs on the machine change little, is fitted with a power of the number of images. The peer is what
tools for deduplication do: 64-bit perceptual hashes, and all pairs with a Hamming distance of at most 10 in any of
eight orientations (`faiss.IndexBinaryFlat`).

    python -m benchmarks.measure_scale --work /path/to/scratch
"""

import shutil
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import faiss
import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from PIL import Image
from rich.table import Table

from benchmarks.drawn_lesions import COPIES, TABLE, draw_dataset
from benchmarks.find_planted_copies import PEER_DISTANCE, hash_signs
from benchmarks.measure_memory import STAGES, run_stage
from lesions.images.cache import read_cache
from lesions.near_duplicates.orientation import NUM_ORIENTATIONS, turn_images
from lesions.parameters.overlay import lay_over
from lesions.stage.code import Code, write_code
from lesions.stage.failure import one_paragraph_errors
from lesions.stage.tables import print_table
from lesions.tables.metadata import read_metadata
from lesions.tables.near_duplicates import read_pairs

MEASURED = ("cache_images", "prepare_metadata", "find_near_duplicates", "split_by_patient")

SIZE_PX = 64
"""Side of the cached images."""

OVERLAY = {
    "dataset": {
        "names": ["csv"],
        "root": "dataset",
        "table": TABLE,
        "columns": {"image_id": "isic_id", "patient_id": "patient_id", "diagnosis": "diagnosis"},
    },
    "cache_images": {"size_px": SIZE_PX},
}


class Measured(NamedTuple):
    """What one stage took for one number of images."""

    stage: str
    num_images: int
    seconds: float
    processor_seconds: float
    anonymous_mb: float
    resident_mb: float
    disk_mb: float


def main(
    work: Annotated[Path, typer.Option(help="Folder to create for the datasets; about 30 KB per image.")],
    num_images: Annotated[
        list[int] | None, typer.Option(help="Numbers of images [default: 50, 100, 200, 400 thousand].")
    ] = None,
    container: Annotated[str, typer.Option(help="The archive that holds the images: hdf5 or zip.")] = "hdf5",
    peer_up_to: Annotated[int, typer.Option(help="The largest number of images for the peer.")] = 100_000,
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
    results: Annotated[Path | None, typer.Option(help="Written: every measured row, as CSV.")] = None,
) -> None:
    """Print what each stage takes, the recall of the planted copies beside the peer's, and the fitted exponents."""
    measured: list[Measured] = []
    for number in num_images or [50_000, 100_000, 200_000, 400_000]:
        folder = work / str(number)
        start = time.perf_counter()
        draw_dataset(folder / "dataset", number, container=container, seed=0)
        print(f"{number:,} images drawn in {time.perf_counter() - start:.0f} s", flush=True)
        measured += measure_stages(folder, number, params)
        print_recall(folder, with_peer=number <= peer_up_to)
        shutil.rmtree(folder)
        print_measured(measured)
        if results is not None:
            pd.DataFrame(measured).to_csv(results, index=False)


def measure_stages(folder: Path, num_images: int, params: Path) -> list[Measured]:
    """Run the stages, and return what each takes."""
    shutil.copy(params, folder / "params.yaml")
    lay_over(folder / "params.yaml", OVERLAY)
    write_code(folder / "code.json", Code({}, {}))
    rows = []
    for stage in MEASURED:
        before = set(folder.iterdir())
        usage = run_stage(stage, STAGES[stage].split(), folder)
        written = sum(path.stat().st_size for path in set(folder.iterdir()) - before)
        rows.append(
            Measured(
                stage,
                num_images,
                usage.seconds,
                usage.processor_seconds,
                usage.anonymous_kb / 1e3,
                usage.resident_kb / 1e3,
                written / 1e6,
            )
        )
        print(f"{stage}: {usage.seconds:.0f} s, {usage.processor_seconds:.0f} s of processors", flush=True)
    return rows


def print_recall(folder: Path, *, with_peer: bool) -> None:
    """Print which share of the planted copies of each kind is found, and how many pairs are none of them."""
    copies = pd.read_csv(folder / "dataset" / COPIES)
    planted = pd.Series(map(frozenset, zip(copies.image_id, copies.original, strict=True)))
    pairs = read_pairs(folder / "pairs.csv")
    found = {"ours": set(map(frozenset, zip(pairs.image_id, pairs.other_image_id, strict=True)))}
    if with_peer:
        start, cpu = time.perf_counter(), time.process_time()
        found["peer"] = pair_by_binary_hashes(folder)
        print(f"peer: {time.perf_counter() - start:.0f} s, {time.process_time() - cpu:.0f} s of processors")
    table = Table("kind", *found)
    for kind, of_kind in planted.groupby(copies.kind):
        table.add_row(str(kind), *(f"{np.mean([pair in each for pair in of_kind]):.1%}" for each in found.values()))
    table.add_row("all", *(f"{np.mean([pair in each for pair in planted]):.1%}" for each in found.values()))
    table.add_row("other pairs", *(f"{len(each - set(planted)):,}" for each in found.values()))
    print_table(table)


def pair_by_binary_hashes(folder: Path) -> set[frozenset[str]]:
    """Return the pairs of the peer, by `image_id`."""
    metadata, cache = read_metadata(folder / "metadata.csv"), read_cache(folder / "images.npy")
    names = metadata.image_id.to_numpy()
    grey = np.stack([shrink(cache[row]) for row in metadata.row])
    index = faiss.IndexBinaryFlat(64)
    index.add(_as_bytes(grey))
    pairs: set[frozenset[str]] = set()
    for orientation in range(NUM_ORIENTATIONS):
        limits, _, others = index.range_search(_as_bytes(turn_images(grey, orientation)), PEER_DISTANCE + 1)
        images = np.repeat(np.arange(len(grey)), (limits[1:] - limits[:-1]).astype(np.int64))
        pairs |= {frozenset((names[a], names[b])) for a, b in zip(images, others, strict=True) if a < b}
    return pairs


def shrink(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image in grey, 32 px wide."""
    return np.asarray(Image.fromarray(image).convert("L").resize((32, 32)))


def _as_bytes(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return hash_signs(grey).view(np.uint8).reshape(-1, 8)


def print_measured(measured: list[Measured]) -> None:
    """Print a row per stage and number of images, and the exponent with which its time on processors grows."""
    table = Table("stage", "images", "s", "s of processors", "exponent", "anonymous MB", "resident MB", "disk MB")
    for stage, rows in pd.DataFrame(measured).groupby("stage", sort=False):
        images, seconds = (np.log(rows[column].to_numpy(float)) for column in ("num_images", "processor_seconds"))
        exponent = float(np.polyfit(images, seconds, 1)[0]) if len(rows) > 1 else np.nan
        for row in rows.itertuples():
            is_last = row.num_images == rows.num_images.max()
            table.add_row(
                str(stage),
                f"{row.num_images:,}",
                f"{row.seconds:.0f}",
                f"{row.processor_seconds:.0f}",
                f"{exponent:.2f}" if is_last else "",
                f"{row.anonymous_mb:,.0f}",
                f"{row.resident_mb:,.0f}",
                f"{row.disk_mb:,.0f}",
            )
    print_table(table)


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
