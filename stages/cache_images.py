"""Decode every image file of the dataset once, into one array that all later stages read."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from lesions.command_line.progress import track
from lesions.command_line.stage import run_stage
from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.hardware.processors import count_processors
from lesions.images.cache import CacheWriter, count_in_chunk, write_cache
from lesions.images.decode import DecodingParameters, decode_image, to_grey
from lesions.images.files import find_image_files, read_image_file
from lesions.images.index import write_index
from lesions.images.perceptual_hash import perceptual_hash, spell_hash
from lesions.parameters.section import read_section


def main(
    root: Annotated[Path, typer.Option(help="Folder of the dataset, in its published layout.")],
    images: Annotated[Path, typer.Option(help="Written: every decoded image, uint8 (N, H, W, 3).")],
    index: Annotated[Path, typer.Option(help="Written: one row a file, with its row in the array.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Decode, fit and hash every image below `root`; note in the index what refused to decode, and why."""
    parameters = read_section(params, "cache_images", DecodingParameters)
    files = find_image_files(root, read_section(params, "dataset", DatasetParameters).folders)
    chunks = list(in_chunks(files, count_in_chunk(parameters.size_px)))
    with write_cache(images, parameters.size_px) as cache:
        decoded = track(decode_chunks(root, chunks, parameters), "decoding", total=len(chunks))
        write_index(index, (row for pixels, rows in decoded for row in append_chunk(cache, pixels, rows)))
    refused = len(files) - cache.num_images
    reasons = f" (the column error of {index} says why)" if refused else ""
    print(f"{cache.num_images} of {len(files)} image files decoded, {refused} refused{reasons}")


Row = dict[str, Any]
"""A row of the index."""

Chunk = tuple[NDArray[np.uint8], list[Row]]
"""The images (n, size_px, size_px, 3) of the files that decode, and a row for every file."""


def in_chunks(files: list[str], size: int) -> Iterator[list[str]]:
    """Part the files, in order."""
    return (files[start : start + size] for start in range(0, len(files), size))


def decode_chunks(root: Path, chunks: list[list[str]], parameters: DecodingParameters) -> Iterator[Chunk]:
    """Decode chunks in threads (what is slow releases the interpreter's lock), and yield them in order.

    In memory are as many as there are threads, one that waits and one that is being written.
    """
    num_threads = count_processors()
    with ThreadPoolExecutor(num_threads) as threads:
        waiting: deque[Future[Chunk]] = deque()
        for chunk in chunks:
            waiting.append(threads.submit(decode_chunk, root, chunk, parameters))
            if len(waiting) > num_threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def decode_chunk(root: Path, files: list[str], parameters: DecodingParameters) -> Chunk:
    """Decode files; an error is an outcome too, so that one bad image costs one line, not the run."""
    pixels = np.empty((len(files), parameters.size_px, parameters.size_px, 3), np.uint8)
    thumbnails: list[NDArray[np.uint8]] = []
    rows: list[Row] = []
    for file in files:
        try:
            image = decode_image(read_image_file(root, file), parameters)
        except (InputError, OSError) as error:
            rows.append({"file": file, "error": str(error)})
            continue
        pixels[len(thumbnails)] = image.pixels
        thumbnails.append(image.thumbnail)
        rows.append({"file": file, "width_px": image.width_px, "height_px": image.height_px, "sha256": image.sha256})
    if thumbnails:
        hashes = map(spell_hash, perceptual_hash(to_grey(np.stack(thumbnails))))
        decoded = (row for row in rows if "error" not in row)
        for row, spelled in zip(decoded, hashes, strict=True):
            row["perceptual_hash"] = spelled
    return pixels[: len(thumbnails)], rows


def append_chunk(cache: CacheWriter, pixels: NDArray[np.uint8], rows: list[Row]) -> list[Row]:
    """Append a chunk's images to the cache, and note in its rows of the index where they stand."""
    numbers = count(cache.num_images)
    cache.append(pixels)
    return [row if "error" in row else {**row, "row": next(numbers)} for row in rows]


if __name__ == "__main__":
    run_stage(main)
