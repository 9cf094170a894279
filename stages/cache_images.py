"""Decode every image file of the dataset once, into one array that all later stages read."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from lesions.command_line.progress import track
from lesions.command_line.stage import run_stage
from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.hardware.processors import count_processors
from lesions.images.cache import CacheWriter, write_cache
from lesions.images.decode import DecodedImage, DecodingParameters, decode_image
from lesions.images.files import find_image_files, read_image_file
from lesions.images.index import write_index
from lesions.images.perceptual_hash import perceptual_hash, spell_hash
from lesions.parameters.section import read_section

CHUNK = 64
"""Images in memory at a time."""


def main(
    root: Annotated[Path, typer.Option(help="Folder of the dataset, in its published layout.")],
    images: Annotated[Path, typer.Option(help="Written: every decoded image, uint8 (N, H, W, 3).")],
    index: Annotated[Path, typer.Option(help="Written: one row a file, with its row in the array.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Decode, fit and hash every image below `root`; note in the index what refused to decode, and why."""
    parameters = read_section(params, "cache_images", DecodingParameters)
    files = find_image_files(root, read_section(params, "dataset", DatasetParameters).folders)
    with write_cache(images, parameters.size_px) as cache:
        chunks = track(decode_in_chunks(root, files, parameters), "decoding", total=-(-len(files) // CHUNK))
        rows = [row for chunk in chunks for row in append_chunk(cache, chunk)]
    write_index(index, rows)
    refused = len(files) - cache.num_images
    reasons = f" (the column error of {index} says why)" if refused else ""
    print(f"{cache.num_images} of {len(files)} image files decoded, {refused} refused{reasons}")


Outcome = tuple[str, DecodedImage | str]
"""A file below the root, and its image or the error that refused it."""


def decode_in_chunks(root: Path, files: list[str], parameters: DecodingParameters) -> Iterator[list[Outcome]]:
    """Decode files in threads (Pillow releases the interpreter's lock), a chunk at a time, in order."""
    decode = partial(decode_file, root, parameters)
    with ThreadPoolExecutor(count_processors()) as threads:
        for start in range(0, len(files), CHUNK):
            yield list(threads.map(decode, files[start : start + CHUNK]))


def decode_file(root: Path, parameters: DecodingParameters, file: str) -> Outcome:
    """Decode one file; an error is an outcome too, so that one bad image costs one line, not the run."""
    try:
        return file, decode_image(read_image_file(root, file), parameters)
    except (InputError, OSError) as error:
        return file, str(error)


def append_chunk(cache: CacheWriter, chunk: list[Outcome]) -> Iterator[dict[str, Any]]:
    """Append a chunk's images to the cache and yield its rows of the index."""
    decoded = [image for _, image in chunk if isinstance(image, DecodedImage)]
    if decoded:
        hashes = iter(perceptual_hash(np.stack([image.thumbnail for image in decoded])))
        row = cache.num_images
        cache.append(np.stack([image.pixels for image in decoded]))
    for file, image in chunk:
        if isinstance(image, str):
            yield {"file": file, "error": image}
            continue
        yield {
            "file": file,
            "row": row,
            "width_px": image.width_px,
            "height_px": image.height_px,
            "sha256": image.sha256,
            "perceptual_hash": spell_hash(next(hashes)),
        }
        row += 1


if __name__ == "__main__":
    run_stage(main)
