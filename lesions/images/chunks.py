"""Chunks of image files; one thread reads, decodes and writes a whole chunk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lesions.hardware.disk import count_bytes

CHUNK = 32
"""Maximum number of files in a chunk."""

CHUNK_BYTES = 8 * 2**20
"""Maximum bytes of a chunk's files, and of its decoded images; a single larger file is a chunk of its own."""


@dataclass(frozen=True)
class Chunk:
    """Consecutive files of the list of all files; `first` is the index of the first one in that list."""

    first: int
    files: list[str]


def count_in_chunk(size_px: int) -> int:
    """Return how many images fit into a chunk if their files are small."""
    return min(CHUNK, CHUNK_BYTES // (3 * size_px**2) or 1)


def split_into_chunks(root: Path, files: list[str], size_px: int) -> Iterator[Chunk]:
    """Yield the image files below `root` in chunks, in order, each small enough not to fill the memory."""
    most = count_in_chunk(size_px)
    first, num_bytes = 0, 0
    for position, file in enumerate(files):
        file_bytes = count_bytes(f"{root}/{file}")
        if position > first and (position - first == most or num_bytes + file_bytes > CHUNK_BYTES):
            yield Chunk(first, files[first:position])
            first, num_bytes = position, 0
        num_bytes += file_bytes
    if files:
        yield Chunk(first, files[first:])
