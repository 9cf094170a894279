"""`data/images.npy`: every image, decoded once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.formats.atomic import atomic_path

CHUNK = 32
"""Images decoded at a time by one thread, unless they are large."""

CHUNK_BYTES = 8 * 2**20
"""Most bytes of decoded images in a chunk of more than one."""


def count_in_chunk(size_px: int) -> int:
    """Return how many images one thread decodes at a time."""
    return min(CHUNK, CHUNK_BYTES // (3 * size_px**2) or 1)


class CacheWriter:
    """Appends images to a `.npy` file whose length is known only at the end.

    The header is written last, over the room left for it, so that memory holds one chunk at a time.
    """

    HEADER_BYTES = 128

    def __init__(self, file: BinaryIO, size_px: int) -> None:
        self._file = file
        self._size_px = size_px
        self.num_images = 0
        file.write(bytes(self.HEADER_BYTES))

    def append(self, images: NDArray[np.uint8]) -> None:
        """Append images of shape (N, size_px, size_px, 3)."""
        assert images.shape[1:] == (self._size_px, self._size_px, 3)
        self._file.write(np.ascontiguousarray(images).data)
        self.num_images += len(images)

    def write_header(self) -> None:
        """Write the header for the images appended."""
        shape = (self.num_images, self._size_px, self._size_px, 3)
        self._file.seek(0)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)
        assert self._file.tell() == self.HEADER_BYTES


@contextmanager
def write_cache(path: Path, size_px: int) -> Iterator[CacheWriter]:
    """Open `data/images.npy` for appending; it is put in place whole when the block ends."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        writer = CacheWriter(file, size_px)
        yield writer
        writer.write_header()


def read_cache(path: Path) -> NDArray[np.uint8]:
    """Open `data/images.npy` as a read-only memory map of shape (N, size_px, size_px, 3).

    Raises
    ------
    InputError
        If the file is missing or cut short.
    """
    try:
        return np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: not a whole image cache ({error}); run the stage cache_images again") from error
