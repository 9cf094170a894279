"""Decode every image file of the dataset once, into one array that all later stages read, or into shards."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.hardware.processors import count_processors
from lesions.images.chunks import Chunk, split_into_chunks
from lesions.images.decode import HASHED_PX, DecodingParameters, decode_image, to_grey
from lesions.images.decoding_state import DecodingState, open_state
from lesions.images.files import describe_unread, find_image_files
from lesions.images.folders import FoundFile
from lesions.images.identity import check_sources_unchanged, identify_decoding, measure_files, measure_sources
from lesions.images.journal import Row, sum_pixels
from lesions.images.opening import ShardParameters
from lesions.images.reading import read_image_file
from lesions.near_duplicates.perceptual_hash import perceptual_hash, spell_hash
from lesions.parameters.section import read_section
from lesions.stage.progress import show_progress
from lesions.stage.run import run_stage
from lesions.tables.index import write_index


def main(
    images: Annotated[Path, typer.Option(help="Written: all decoded images, uint8 (N, H, W, 3), or their index.")],
    index: Annotated[Path, typer.Option(help="Written: one row per file, with its row in the array.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
    code: Annotated[
        Path | None, typer.Option(help="The code of this stage; without it, a run that is killed begins anew.")
    ] = None,
) -> None:
    """Decode, fit and hash every image of the dataset; the index says which files could not be decoded, and why."""
    parameters = read_section(params, "cache_images", DecodingParameters)
    dataset = read_section(params, "dataset", DatasetParameters)
    shards = read_section(params, "shards", ShardParameters)
    store = shards.open_store()
    root = Path(dataset.root)
    sources = measure_sources(root, dataset.folders)
    found = find_image_files(root, dataset.folders)
    files = found.to_read
    sizes = measure_files(root, files)
    key = None if code is None else identify_decoding(code, parameters, files, sizes, address=shards.address)
    with open_state(images, key, num_files=len(files), size_px=parameters.size_px, store=store) as state:
        missing = np.flatnonzero(~state.journal.is_done).tolist()
        if len(missing) < len(files):
            print(f"resuming: {len(files) - len(missing):,} of {len(files):,} files were read before", flush=True)
        num_bytes = [size.num_bytes for size in sizes]
        chunks = split_into_chunks(root, files, parameters.size_px, num_bytes=num_bytes, numbers=missing)
        with closing(decode_chunks(root, chunks, parameters, state)) as decoded:
            for _ in show_progress(decoded, "decoding", total=len(missing)):
                pass
        # Checked before the state is removed, so that decoding can resume if a file is put back as it was.
        check_sources_unchanged(sources, root, dataset.folders)
        kept: list[int] = []
        rows = number_rows(files, state.journal.read_rows(), kept)
        write_index(index, merge(rows, describe_unread(found.found), key=itemgetter("file")))
        state.cache.keep(kept)
    reasons = f" (see the column error of {index})" if len(kept) < found.num_wanted else ""
    print(f"{len(kept)} of {found.num_wanted} image files decoded, {found.num_wanted - len(kept)} refused{reasons}")
    if found.linked:
        print(found.describe_links())


def number_rows(files: Sequence[FoundFile], rows: Iterable[Row], kept: list[int]) -> Iterator[Row]:
    """Add to the rows of files their paths and, to those that were decoded, numbers without gaps.

    A file that could not be decoded has no row in the array, so that nothing can take it for an image. To `kept` is
    added where each image was written.
    """
    for number, (one, row) in enumerate(zip(files, rows, strict=True)):
        numbered: Row = {"file": one.file} | row
        if "error" not in row:
            numbered["row"] = len(kept)
            kept.append(number)
        yield numbered


def decode_chunks(
    root: Path, chunks: Iterable[Chunk], parameters: DecodingParameters, state: DecodingState
) -> Generator[int, None, None]:
    """Decode the chunks in threads, add their rows to the state, and yield the number of each file.

    Threads are enough, because the slow work releases the interpreter's lock.
    """
    num_threads = count_processors()
    with ThreadPoolExecutor(num_threads) as threads:
        # A short queue, because stopping the stage waits for all that is queued.
        begun: deque[Future[DecodedChunk]] = deque()
        for chunk in chunks:
            begun.append(threads.submit(decode_chunk, root, chunk, parameters, state))
            if len(begun) > 2 * num_threads:
                yield from _keep(begun.popleft().result(), state)
        while begun:
            yield from _keep(begun.popleft().result(), state)


class DecodedChunk(NamedTuple):
    """The rows of a chunk's files, and the sums of what the cache has of their images, by their numbers."""

    rows: dict[int, Row]
    sums: dict[int, int]


def _keep(chunk: DecodedChunk, state: DecodingState) -> Iterable[int]:
    state.journal.add(chunk.rows, chunk.sums)
    return chunk.rows


def decode_chunk(root: Path, chunk: Chunk, parameters: DecodingParameters, state: DecodingState) -> DecodedChunk:
    """Decode the files of a chunk into their places in the cache, or into a shard.

    A file that cannot be decoded does not stop the run: its row says why, and its place is closed up at the end.
    """
    # All files are read first: reading makes many short calls, and after each the thread waits for the
    # interpreter's lock.
    contents = [
        read_contents(root, one) if data is None else data
        for one, data in zip(chunk.files, chunk.contents, strict=True)
    ]
    rows: list[Row] = [
        {"error": str(data)} if isinstance(data, InputError) else {"sha256": sha256(data).hexdigest()}
        for data in contents
    ]
    pixels = np.zeros((len(rows), parameters.size_px, parameters.size_px, 3), np.uint8)
    thumbnails = np.zeros((len(rows), HASHED_PX, HASHED_PX, 3), np.uint8)
    for position, data in enumerate(contents):
        if isinstance(data, InputError):
            continue
        try:
            image = decode_image(data, parameters)
        except InputError as error:
            rows[position]["error"] = str(error)
            continue
        pixels[position], thumbnails[position] = image.pixels, image.thumbnail
        rows[position] |= {"width_px": image.width_px, "height_px": image.height_px}
    for row, image_hash in zip(rows, perceptual_hash(to_grey(thumbnails)), strict=True):
        if "error" not in row:
            row["perceptual_hash"] = spell_hash(image_hash)
    written = state.cache.write(chunk.numbers, pixels)
    return DecodedChunk(
        dict(zip(chunk.numbers, rows, strict=True)), dict(zip(chunk.numbers, map(sum_pixels, written), strict=True))
    )


def read_contents(root: Path, one: FoundFile) -> bytes | InputError:
    """Return the bytes of a file, or why they cannot be read."""
    try:
        return read_image_file(root, one)
    except InputError as error:
        return error
    except OSError as error:
        return InputError(str(error))


if __name__ == "__main__":
    run_stage(main)
