"""Decode every image file of the dataset once, into one array that all later stages read."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from heapq import merge
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.hardware.processors import count_processors
from lesions.images.cache import CacheWriter, write_cache
from lesions.images.chunks import Chunk, split_into_chunks
from lesions.images.decode import HASHED_PX, DecodingParameters, decode_image, to_grey
from lesions.images.files import describe_unread, find_image_files, read_image_file
from lesions.near_duplicates.perceptual_hash import perceptual_hash, spell_hash
from lesions.parameters.section import read_section
from lesions.stage.progress import show_progress
from lesions.stage.run import run_stage
from lesions.tables.index import write_index


def main(
    images: Annotated[Path, typer.Option(help="Written: all images that could be decoded, uint8 (N, H, W, 3).")],
    index: Annotated[Path, typer.Option(help="Written: one row per file, with its row in the array.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Decode, fit and hash every image of the dataset; the index says which files could not be decoded, and why."""
    parameters = read_section(params, "cache_images", DecodingParameters)
    dataset = read_section(params, "dataset", DatasetParameters)
    root = Path(dataset.root)
    files = find_image_files(root, dataset.folders)
    chunks = list(split_into_chunks(root, files.readable, parameters.size_px))
    kept: list[int] = []
    with (
        write_cache(images, len(files.readable), parameters.size_px) as cache,
        closing(decode_chunks(root, chunks, parameters, cache)) as decoded,
    ):
        rows = chain.from_iterable(show_progress(decoded, "decoding", total=len(chunks)))
        write_index(index, merge(number_rows(rows, kept), describe_unread(files.found), key=itemgetter("file")))
        cache.keep(kept)
    reasons = f" (see the column error of {index})" if len(kept) < files.num_wanted else ""
    print(f"{len(kept)} of {files.num_wanted} image files decoded, {files.num_wanted - len(kept)} refused{reasons}")
    if files.linked:
        print(files.describe_links())


Row = dict[str, Any]
"""One row of the index."""


def number_rows(rows: Iterable[Row], kept: list[int]) -> Iterator[Row]:
    """Give the rows of decoded files numbers without gaps, and add to `kept` where each image was written.

    A file that could not be decoded has no row in the array, so that nothing can take it for an image.
    """
    for row in rows:
        if "row" in row:
            kept.append(row["row"])
            row["row"] = len(kept) - 1
        yield row


def decode_chunks(
    root: Path, chunks: list[Chunk], parameters: DecodingParameters, cache: CacheWriter
) -> Generator[list[Row], None, None]:
    """Decode the chunks in threads, and yield their rows in order.

    Threads are enough, because the slow work releases the interpreter's lock.
    """
    num_threads = count_processors()
    with ThreadPoolExecutor(num_threads) as threads:
        # A short queue, because stopping the stage waits for all that is queued.
        begun: deque[Future[list[Row]]] = deque()
        for chunk in chunks:
            begun.append(threads.submit(decode_chunk, root, chunk, parameters, cache))
            if len(begun) > 2 * num_threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def decode_chunk(root: Path, chunk: Chunk, parameters: DecodingParameters, cache: CacheWriter) -> list[Row]:
    """Decode the files of a chunk into their places in the cache, and return one index row per file.

    A file that cannot be decoded does not stop the run: its row says why, and its place is closed up at the end.
    """
    rows: list[Row] = [{"file": file} for file in chunk.files]
    contents: dict[int, bytes] = {}
    # All files are read first: reading makes many short calls, and after each the thread waits for the
    # interpreter's lock.
    for position, row in enumerate(rows):
        try:
            contents[position] = read_image_file(root, row["file"])
        except OSError as error:
            row["error"] = str(error)
        else:
            row["sha256"] = sha256(contents[position]).hexdigest()
    pixels = np.zeros((len(rows), parameters.size_px, parameters.size_px, 3), np.uint8)
    thumbnails = np.zeros((len(rows), HASHED_PX, HASHED_PX, 3), np.uint8)
    for position, data in contents.items():
        try:
            image = decode_image(data, parameters)
        except InputError as error:
            rows[position]["error"] = str(error)
            continue
        pixels[position], thumbnails[position] = image.pixels, image.thumbnail
        rows[position] |= {"row": chunk.first + position, "width_px": image.width_px, "height_px": image.height_px}
    for row, image_hash in zip(rows, perceptual_hash(to_grey(thumbnails)), strict=True):
        if "error" not in row:
            row["perceptual_hash"] = spell_hash(image_hash)
    cache.write(chunk.first, pixels)
    return rows


if __name__ == "__main__":
    run_stage(main)
