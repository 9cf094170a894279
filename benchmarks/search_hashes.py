"""Measure how the time of the neighbour search grows with the number of images, compared with that of all pairs.

Each image is a blend of two images of HAM10000, so that the images differ as much as skin does; 500 of them have a
copy with noise. The peer is an exhaustive search with the same library.

    python -m benchmarks.search_hashes --images data/images.npy
"""

import time
from pathlib import Path
from typing import Annotated

import faiss
import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from lesions.images.cache import read_cache
from lesions.images.decode import HASHED_PX
from lesions.near_duplicates.neighbours import NUM_NEIGHBOURS, find_candidates
from lesions.near_duplicates.orientation import NUM_ORIENTATIONS, turn_hashes
from lesions.near_duplicates.perceptual_hash import perceptual_hash
from lesions.stage.failure import one_paragraph_errors

NUM_COPIES = 500


def main(
    images: Annotated[Path, typer.Option(help="Decoded images, from the pipeline.")],
    largest: Annotated[int, typer.Option(help="Number of images in the last row of the table.")] = 100_000,
) -> None:
    """Print the seconds of hashing, of our search and of the peer's, for a doubling number of images."""
    cache = read_cache(images)
    size = (HASHED_PX, HASHED_PX)
    thumbnails = np.stack([np.asarray(Image.fromarray(image).convert("L").resize(size)) for image in cache])
    table = Table("images", "hashing (s)", "search (s)", "growth", "recall", "all pairs (s)", "growth", "ratio")
    before = peer_before = 0.0
    for num_images in largest // np.array([8, 4, 2, 1]):
        blends, original, copy = blend_images(thumbnails, int(num_images))
        start = time.perf_counter()
        hashes = np.concatenate([perceptual_hash(part) for part in np.array_split(blends, num_images // 1000)])
        hashed = time.perf_counter()
        candidates = find_candidates(hashes)
        seconds = time.perf_counter() - hashed
        pairs = set(map(frozenset, candidates[["first", "second"]].to_numpy().tolist()))
        recall = np.mean([frozenset(pair) in pairs for pair in zip(original, copy, strict=True)])
        peer = time_exhaustive_search(hashes)
        growth = [f"{now / then:.1f}" if then else "" for now, then in ((seconds, before), (peer, peer_before))]
        table.add_row(
            f"{num_images:,}",
            f"{hashed - start:.1f}",
            f"{seconds:.1f}",
            growth[0],
            f"{recall:.1%}",
            f"{peer:.1f}",
            growth[1],
            f"{peer / seconds:.1f}",
        )
        before, peer_before = seconds, peer
    Console().print(table)


def blend_images(
    thumbnails: NDArray[np.uint8], num_images: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Return images (N, S, S), and the indices of originals and of their copies."""
    generator = np.random.default_rng(0)
    first, second = generator.integers(len(thumbnails), size=(2, num_images - NUM_COPIES))
    part = generator.uniform(0.3, 0.7, (len(first), 1, 1)).astype(np.float32)
    blends = part * thumbnails[first] + (1 - part) * thumbnails[second, ::-1]
    original = generator.choice(len(blends), NUM_COPIES, replace=False)
    noise = generator.normal(scale=4, size=(NUM_COPIES, *blends.shape[1:])).astype(np.float32)
    return np.concatenate([blends, blends[original] + noise]), original, np.arange(len(blends), num_images)


def time_exhaustive_search(hashes: NDArray[np.int8]) -> float:
    """Return the seconds that the same search takes when it compares all pairs."""
    units = hashes.astype(np.float32)
    start = time.perf_counter()
    index = faiss.IndexFlatIP(units.shape[1])
    index.add(units)
    for orientation in range(NUM_ORIENTATIONS):
        index.search(turn_hashes(units, orientation), NUM_NEIGHBOURS + 1)
    return time.perf_counter() - start


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
