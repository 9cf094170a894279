"""Image files that one thread reads, decodes and writes at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lesions.hardware.disk import count_bytes

CHUNK = 32
"""Most files in a chunk."""

CHUNK_BYTES = 8 * 2**20
"""Most bytes of the files, and of their decoded images, in a chunk of more than one."""


@dataclass(frozen=True)
class Chunk:
    """Files one behind the other in the list of all; `first` is the place of the first one, from zero."""

    first: int
    files: list[str]


def count_in_chunk(size_px: int) -> int:
    """Return how many images may be in a chunk, if their files are small."""
    return min(CHUNK, CHUNK_BYTES // (3 * size_px**2) or 1)


def in_chunks(root: Path, files: list[str], size_px: int) -> Iterator[Chunk]:
    """Part the image files below a folder, in order, so that neither many nor large ones fill the memory."""
    most = count_in_chunk(size_px)
    first, num_bytes = 0, 0
    for place, file in enumerate(files):
        file_bytes = count_bytes(f"{root}/{file}")
        if place > first and (place - first == most or num_bytes + file_bytes > CHUNK_BYTES):
            yield Chunk(first, files[first:place])
            first, num_bytes = place, 0
        num_bytes += file_bytes
    yield Chunk(first, files[first:])
