"""Chunks of image files; one thread reads, decodes and writes a whole chunk."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from lesions.errors import InputError
from lesions.images.folders import FoundFile
from lesions.images.reading import find_stream, stream_image_files

CHUNK = 32
"""Maximum number of files in a chunk."""

CHUNK_BYTES = 8 * 2**20
"""Maximum bytes of a chunk's files, and of its decoded images; a single larger file is a chunk of its own."""

Contents = bytes | InputError | None
"""The bytes of a file, or why it could not be read; None if the thread is to read it."""

_Sized = tuple[int, int, Contents]
"""The number of a file, its bytes, and its contents."""


@dataclass(frozen=True)
class Chunk:
    """Some files of the list of all files.

    Attributes
    ----------
    numbers
        The index of each in that list.
    """

    numbers: Sequence[int]
    files: Sequence[FoundFile]
    contents: Sequence[Contents]


def count_in_chunk(size_px: int) -> int:
    """Return how many images fit into a chunk if their files are small."""
    return min(CHUNK, CHUNK_BYTES // (3 * size_px**2) or 1)


def split_into_chunks(
    root: Path, files: Sequence[FoundFile], size_px: int, *, num_bytes: Sequence[int], numbers: Sequence[int]
) -> Iterator[Chunk]:
    """Yield image files in chunks, each small enough not to fill the memory.

    Those of an archive that is read in one go are in its order, and are read here.

    Parameters
    ----------
    root
        The folder to which their paths are relative.
    files
        The list of all files.
    num_bytes
        The size of each of them.
    numbers
        The index of those that are wanted, in ascending order.
    """
    most = count_in_chunk(size_px)
    for archive, group in groupby(numbers, key=lambda number: find_stream(files[number])):
        unread: Iterable[_Sized] = ((number, num_bytes[number], None) for number in group)
        for part in _pack(unread if archive is None else _stream(root, files, list(group)), most):
            yield Chunk(list(part), [files[number] for number in part], list(part.values()))


def _stream(root: Path, files: Sequence[FoundFile], numbers: Sequence[int]) -> Iterator[_Sized]:
    """Yield the files of an archive that is read in one go."""
    for index, contents in stream_image_files(root, [files[number] for number in numbers]):
        yield numbers[index], 0 if isinstance(contents, InputError) else len(contents), contents


def _pack(items: Iterable[_Sized], most: int) -> Iterator[dict[int, Contents]]:
    """Yield what fits into a chunk, by its number."""
    chunk: dict[int, Contents] = {}
    total = 0
    for number, num_bytes, contents in items:
        if chunk and (len(chunk) == most or total + num_bytes > CHUNK_BYTES):
            yield chunk
            chunk, total = {}, 0
        chunk[number] = contents
        total += num_bytes
    if chunk:
        yield chunk
