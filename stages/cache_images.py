"""Decode every image file of the dataset once, into one array that all later stages read."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.hardware.processors import count_processors
from lesions.images.cache import CacheWriter, write_cache
from lesions.images.chunks import Chunk, in_chunks
from lesions.images.decode import HASHED_PX, DecodingParameters, decode_image, to_grey
from lesions.images.files import find_image_files, read_image_file
from lesions.images.perceptual_hash import perceptual_hash, spell_hash
from lesions.parameters.section import read_section
from lesions.stage.progress import track
from lesions.stage.run import run_stage
from lesions.tables.index import write_index


def main(
    root: Annotated[Path, typer.Option(help="Folder of the dataset, in its published layout.")],
    images: Annotated[Path, typer.Option(help="Written: every image, uint8 (N, H, W, 3), a refused one black.")],
    index: Annotated[Path, typer.Option(help="Written: one row a file, with its row in the array.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Decode, fit and hash every image below `root`; note in the index what refused to decode, and why."""
    parameters = read_section(params, "cache_images", DecodingParameters)
    files = find_image_files(root, read_section(params, "dataset", DatasetParameters).folders)
    chunks = list(in_chunks(root, files, parameters.size_px))
    with (
        write_cache(images, len(files), parameters.size_px) as cache,
        closing(decode_chunks(root, chunks, parameters, cache)) as decoded,
    ):
        refused = write_index(index, chain.from_iterable(track(decoded, "decoding", total=len(chunks))))
    reasons = f" (the column error of {index} says why)" if refused else ""
    print(f"{len(files) - refused} of {len(files)} image files decoded, {refused} refused{reasons}")


Row = dict[str, Any]
"""A row of the index."""


def decode_chunks(
    root: Path, chunks: list[Chunk], parameters: DecodingParameters, cache: CacheWriter
) -> Generator[list[Row], None, None]:
    """Decode chunks in threads (what is slow releases the interpreter's lock), and yield their rows in order."""
    num_threads = count_processors()
    with ThreadPoolExecutor(num_threads) as threads:
        # Few wait, so that whoever stops the stage waits for few.
        begun: deque[Future[list[Row]]] = deque()
        for chunk in chunks:
            begun.append(threads.submit(decode_chunk, root, chunk, parameters, cache))
            if len(begun) > 2 * num_threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def decode_chunk(root: Path, chunk: Chunk, parameters: DecodingParameters, cache: CacheWriter) -> list[Row]:
    """Decode files into the cache, each at its place among all files, and return a row for each.

    An error is an outcome too, so that one bad image costs one line, and a black image in the cache, not the run.
    """
    rows: list[Row] = [{"file": file} for file in chunk.files]
    contents: dict[int, bytes] = {}
    # Reading is many short calls, after each of which a thread waits for the interpreter's lock; so read all first.
    for place, row in enumerate(rows):
        try:
            contents[place] = read_image_file(root, row["file"])
        except (InputError, OSError) as error:
            row["error"] = str(error)
        else:
            row["sha256"] = sha256(contents[place]).hexdigest()
    pixels = np.zeros((len(rows), parameters.size_px, parameters.size_px, 3), np.uint8)
    thumbnails = np.zeros((len(rows), HASHED_PX, HASHED_PX, 3), np.uint8)
    for place, data in contents.items():
        try:
            image = decode_image(data, parameters)
        except InputError as error:
            rows[place]["error"] = str(error)
            continue
        pixels[place], thumbnails[place] = image.pixels, image.thumbnail
        rows[place] |= {"row": chunk.first + place, "width_px": image.width_px, "height_px": image.height_px}
    for row, found in zip(rows, perceptual_hash(to_grey(thumbnails)), strict=True):
        if "error" not in row:
            row["perceptual_hash"] = spell_hash(found)
    cache.write(chunk.first, pixels)
    return rows


if __name__ == "__main__":
    run_stage(main)
