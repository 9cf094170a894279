"""Plant altered copies among the images of HAM10000, and measure how many are found and how many false pairs.

The peer is the default of deduplication tools: 64-bit perceptual hashes, and all pairs with a Hamming distance of at
most 10 in any of eight orientations.

    python -m benchmarks.find_planted_copies --root /path/to/ham10000 --work /path/to/scratch
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from PIL import Image, ImageEnhance
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML
from scipy.fft import dctn

from lesions.datasets.ham10000 import HAM10000
from lesions.drawing.style import write_figure
from lesions.images.cache import read_cache
from lesions.near_duplicates.orientation import NUM_ORIENTATIONS, turn_images
from lesions.near_duplicates.picture import plot_pairs
from lesions.parameters.section import read_parameters
from lesions.stage.failure import one_paragraph_errors
from lesions.tables.metadata import read_metadata
from lesions.tables.near_duplicates import read_pairs
from stages import cache_images, find_near_duplicates, prepare_metadata

PEER_DISTANCE = 10


def crop_sides(image: Image.Image) -> Image.Image:
    """Cut 5 % off each side."""
    width, height = image.size
    return image.crop((round(0.05 * width), round(0.05 * height), round(0.95 * width), round(0.95 * height)))


ALTERATIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG quality 40": lambda image: image,
    "5 % cropped": crop_sides,
    "rotated by 90°": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "rotated by 7°": lambda image: image.rotate(7, Image.Resampling.BILINEAR),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "1.3 times as bright": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.BILINEAR),
}


def main(
    root: Annotated[Path, typer.Option(help="Folder of HAM10000.")],
    work: Annotated[Path, typer.Option(help="Folder to create for the images and the copies.")],
    num_copies: Annotated[int, typer.Option(help="Number of copies to plant.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the choice of originals.")] = 0,
    min_correlation: Annotated[float, typer.Option(help="near_duplicates.min_correlation.")] = 0.7,
) -> None:
    """Plant each copy as a new lesion, run the stages, and print the recall and the false pairs of each kind."""
    shutil.copytree(root, work / "dataset")
    planted = plant_copies(work / "dataset", num_copies, seed)
    metadata, pairs, seconds = run_stages(work, min_correlation)
    lesions = dict(zip(metadata.image_id, metadata.lesion_id, strict=True))
    # The true lesion of a copy is that of its original.
    truth = lesions | {copy: lesions[original] for copy, original in planted.original.items()}

    start = time.perf_counter()
    peer = pair_by_hamming_distance(work, metadata)
    peer_seconds = time.perf_counter() - start
    table = Table("kind", "planted", "found", "recall", "false pairs", "peer: recall", "false pairs")
    for kind in [*ALTERATIONS, "all copies", "originals alone"]:
        chosen = planted if kind == "all copies" else planted[planted.kind == kind]
        ours, theirs = (judge_pairs(some, chosen, truth, set(planted.index)) for some in (pairs, peer))
        recall = [f"{num / max(len(chosen), 1):.1%}" if len(chosen) else "" for num, _ in (ours, theirs)]
        table.add_row(kind, str(len(chosen)), str(ours[0]), recall[0], f"{ours[1]:,}", recall[1], f"{theirs[1]:,}")
    Console().print(table)
    print(
        f"{len(metadata):,} images: find_near_duplicates {seconds:.0f} s; the peer's pairs {peer_seconds:.0f} s, "
        f"{peer_seconds / seconds:.1f} times as long"
    )
    with_original = {frozenset(pair) for pair in planted.original.items()}
    is_planted = [frozenset(pair) in with_original for pair in pairs[["image_id", "other_image_id"]].to_numpy()]
    print(f"the lowest correlation of a planted copy that was found is {pairs.correlation[is_planted].min():.2f}")
    untied = pairs[[truth[a] != truth[b] for a, b in zip(pairs.image_id, pairs.other_image_id, strict=True)]]
    picture = work / "pairs_of_different_lesions.png"
    pixels = read_cache(work / "images.npy")
    write_figure(picture, plot_pairs(untied.assign(orientation=0), metadata, pixels))
    print(f"{len(untied)} pairs have different lesions in the data: judge them in {picture}")


def plant_copies(dataset: Path, num_copies: int, seed: int) -> pd.DataFrame:
    """Write altered copies beside the images and add them to the table; return the `original` and `kind` of each."""
    table = pd.read_csv(dataset / HAM10000.tables[0], dtype=str, keep_default_na=False)
    originals = np.random.default_rng(seed).choice(len(table), num_copies, replace=False)
    files = {path.stem: path for path in dataset.rglob("*.jpg")}
    rows, planted = [], {}
    for number, original in enumerate(originals):
        kind = list(ALTERATIONS)[number % len(ALTERATIONS)]
        row, name = table.iloc[original], f"COPY_{number:05d}"
        with Image.open(files[row.image_id]) as image:
            altered = ALTERATIONS[kind](image.convert("RGB"))
        altered.save(files[row.image_id].with_name(f"{name}.jpg"), quality=40 if "JPEG" in kind else 90)
        rows.append(row.to_dict() | {"image_id": name, "lesion_id": name})
        planted[name] = {"original": row.image_id, "kind": kind}
    pd.concat([table, pd.DataFrame(rows)]).to_csv(dataset / HAM10000.tables[0], index=False)
    return pd.DataFrame.from_dict(planted, orient="index")


def run_stages(work: Path, min_correlation: float) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Return the metadata, the pairs found, and how long `find_near_duplicates` took in seconds."""
    params = work / "params.yaml"
    sections = {
        "dataset": read_parameters(Path("params.yaml"))["dataset"]
        | {"names": ["ham10000"], "root": str(work / "dataset"), "max_rejected_fraction": 0.0},
        "cache_images": {"size_px": 147, "fit": "crop", "max_megapixels": 100},
        "near_duplicates": {"min_correlation": min_correlation},
    }
    YAML(typ="safe", pure=True).dump(sections, params)
    images, index, metadata, pairs = (
        work / name for name in ("images.npy", "images.csv", "metadata.csv", "pairs.csv")
    )
    cache_images.main(images, index, params)
    prepare_metadata.main(index, metadata, work / "rejected.csv", work / "data.json", params)
    start = time.perf_counter()
    find_near_duplicates.main(images, metadata, pairs, work / "pairs.json", work / "pairs.png", params)
    return read_metadata(metadata), read_pairs(pairs), time.perf_counter() - start


def judge_pairs(
    pairs: pd.DataFrame, planted: pd.DataFrame, truth: dict[str, str], copies: set[str]
) -> tuple[int, int]:
    """Count the copies that were paired with their originals, and their pairs with images of other lesions.

    If `planted` is empty, count the pairs of originals with different lesions instead.
    """
    both = list(zip(pairs.image_id, pairs.other_image_id, strict=True))
    wrong = [{here, there} for here, there in both if truth[here] != truth[there]]
    if planted.empty:
        return 0, sum(not pair & copies for pair in wrong)
    paired = {frozenset(pair) for pair in both}
    num_found = sum(frozenset(pair) in paired for pair in planted.original.items())
    return num_found, sum(bool(pair & set(planted.index)) for pair in wrong)


def pair_by_hamming_distance(work: Path, metadata: pd.DataFrame) -> pd.DataFrame:
    """Return the peer's pairs: all images whose pHashes differ in at most 10 of 64 bits in any orientation."""
    cache = read_cache(work / "images.npy")
    grey = np.stack([np.asarray(Image.fromarray(cache[row]).convert("L").resize((32, 32))) for row in metadata.row])
    hashes = [hash_signs(turn_images(grey, orientation)) for orientation in range(NUM_ORIENTATIONS)]
    pairs = set()
    for image in range(len(grey)):
        for turned in hashes:
            near = np.flatnonzero(np.bitwise_count(turned[image] ^ hashes[0]) <= PEER_DISTANCE)
            pairs |= {(min(image, other), max(image, other)) for other in near if other != image}
    names = metadata.image_id.to_numpy()
    return pd.DataFrame(
        [names[np.array([here, there])] for here, there in sorted(pairs)], columns=["image_id", "other_image_id"]
    )


def hash_signs(grey: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return pHashes (N,), whose bits say whether each of the 8 × 8 lowest frequencies is above their median."""
    spectra = dctn(grey.astype(np.float32), axes=(1, 2), norm="ortho")[:, :8, :8].reshape(-1, 64)
    bits = spectra > np.median(spectra[:, 1:], axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
