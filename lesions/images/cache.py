"""The array `data/images.npy`, which holds all decoded images."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.formats.atomic import atomic_path


def image_row(size_px: int) -> np.dtype[Any]:
    """Return the type of a row that is an image, (size_px, size_px, 3) uint8."""
    return np.dtype((np.uint8, (size_px, size_px, 3)))


class CacheWriter:
    """Writes images into a `.npy` file, in any order and from any thread; rows never written are black.

    Parameters
    ----------
    row
        The type of a row: `image_row`, or one that says where an image is.
    """

    def __init__(self, path: Path, num_images: int, row: np.dtype[Any]) -> None:
        self._path = path
        self._num_images = num_images
        self._row = row
        path.touch()
        self._header_bytes = self._write_header(num_images)

    def write(self, rows: Sequence[int], images: NDArray[Any]) -> NDArray[Any]:
        """Write images (n, ...) into these rows; if they follow each other, in one go. Return what is in them."""
        assert (images.dtype, images.shape[1:]) == (self._row.base, self._row.shape)
        follow = rows[-1] - rows[0] == len(rows) - 1 and list(rows) == sorted(rows)
        with self._path.open("r+b") as file:
            for position, part in [(rows[0], images)] if follow else zip(rows, images, strict=True):
                file.seek(self._header_bytes + position * self._row.itemsize)
                file.write(part.data)
        return images

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only some rows, given in ascending order: they move up, and the array ends after the last one."""
        if len(rows) == self._num_images:
            return
        images = np.memmap(
            self._path, self._row.base, "r+", offset=self._header_bytes, shape=(self._num_images, *self._row.shape)
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
            descr = np.lib.format.dtype_to_descr(self._row.base)
            header = {"descr": descr, "fortran_order": False, "shape": (num_images, *self._row.shape)}
            np.lib.format.write_array_header_1_0(file, header)
            header_bytes = file.tell()
            file.truncate(header_bytes + num_images * self._row.itemsize)
        return header_bytes


@contextmanager
def write_cache(path: Path, num_images: int, row: np.dtype[Any]) -> Iterator[CacheWriter]:
    """Open `data/images.npy` for writing; the file appears only when the block ends without an error."""
    with atomic_path(path) as temporary:
        yield CacheWriter(temporary, num_images, row)


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
