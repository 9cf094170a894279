"""The array `data/images.npy`, which holds all decoded images."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.formats.atomic import atomic_path


class CacheWriter:
    """Writes images into a `.npy` file, in any order and from any thread; rows never written are black."""

    def __init__(self, path: Path, num_images: int, size_px: int) -> None:
        self._path = path
        self._num_images = num_images
        self._shape = (size_px, size_px, 3)
        path.touch()
        self._header_bytes = self._write_header(num_images)

    def write(self, rows: Sequence[int], images: NDArray[np.uint8]) -> None:
        """Write images (n, size_px, size_px, 3) into these rows; if they follow each other, in one go."""
        assert images.shape[1:] == self._shape
        follow = rows[-1] - rows[0] == len(rows) - 1 and list(rows) == sorted(rows)
        with self._path.open("r+b") as file:
            for row, part in [(rows[0], images)] if follow else zip(rows, images, strict=True):
                file.seek(self._header_bytes + row * images[0].size)
                file.write(part.data)

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only some rows, given in ascending order: they move up, and the array ends after the last one."""
        if len(rows) == self._num_images:
            return
        images = np.memmap(
            self._path, np.uint8, "r+", offset=self._header_bytes, shape=(self._num_images, *self._shape)
        )
        for new, old in enumerate(rows):
            if new != old:
                images[new] = images[old]
        images.flush()
        # The header has room for any number of images.
        self._write_header(len(rows))

    def _write_header(self, num_images: int) -> int:
        """Write the header, fit the file's length to it, and return the header's number of bytes."""
        with self._path.open("r+b") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (num_images, *self._shape)}
            np.lib.format.write_array_header_1_0(file, header)
            header_bytes = file.tell()
            file.truncate(header_bytes + num_images * int(np.prod(self._shape)))
        return header_bytes


@contextmanager
def write_cache(path: Path, num_images: int, size_px: int) -> Iterator[CacheWriter]:
    """Open `data/images.npy` for writing; the file appears only when the block ends without an error."""
    with atomic_path(path) as temporary:
        yield CacheWriter(temporary, num_images, size_px)


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
