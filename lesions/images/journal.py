"""The rows of the files that are decoded so far, on disk, from which a killed run resumes."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

Row = dict[str, Any]
"""What is known of a file: its sha256, and either `error`, or the size and the perceptual hash of its image."""


class Journal:
    """A file of rows, one line each, in the order in which the files were decoded.

    With each row goes a sum over the image's pixels. A process that is killed leaves one line cut short at most; but
    a machine that fails may lose pixels of images whose lines are there, and then the sum differs.

    Parameters
    ----------
    file
        The file of rows, open to read and to add to it. It is not buffered, so that what has been added outlives this
        process. The rows that are in it already are read.
    num_files
        The number of files.
    """

    def __init__(self, file: IO[bytes], num_files: int) -> None:
        self._file = file
        self._begins = np.full(num_files, -1, np.int64)
        self._sums = np.zeros(num_files, np.uint64)
        self._end = 0
        with suppress(ValueError, TypeError, LookupError, OverflowError), self._read() as lines:
            for line in lines:
                number, pixel_sum, _ = json.loads(line)
                if not line.endswith(b"\n") or number < 0:
                    break
                self._note(number, pixel_sum, len(line))
        self._file.truncate(self._end)
        self._file.seek(self._end)

    @property
    def is_done(self) -> NDArray[np.bool_]:
        """Which files have a row, (N,)."""
        return self._begins >= 0

    def forget_lost(self, images: NDArray[Any]) -> None:
        """Forget the rows of those images (N, ...) whose pixels, or places in shards, are not those written."""
        for number in np.flatnonzero(self.is_done).tolist():
            if sum_pixels(images[number]) != self._sums[number]:
                self._begins[number] = -1

    def add(self, rows: Mapping[int, Row], sums: Mapping[int, int]) -> None:
        """Add the rows of some files, by their numbers, and the sums of their images' pixels."""
        lines = {number: f"{json.dumps([number, sums[number], row])}\n".encode() for number, row in rows.items()}
        self._file.write(b"".join(lines.values()))
        for number, line in lines.items():
            self._note(number, sums[number], len(line))

    def read_rows(self) -> Iterator[Row]:
        """Yield the rows of all files, by their numbers."""
        with self._read() as file:
            for begin in self._begins.tolist():
                file.seek(begin)
                yield json.loads(file.readline())[2]

    def _read(self) -> IO[bytes]:
        """Return the file to read from its beginning; what is added in the meantime would go astray."""
        self._file.seek(0)
        return os.fdopen(os.dup(self._file.fileno()), "rb")

    def _note(self, number: int, pixel_sum: int, num_bytes: int) -> None:
        self._begins[number], self._sums[number] = self._end, pixel_sum
        self._end += num_bytes


def sum_pixels(image: NDArray[Any]) -> int:
    """Return the sum of an image's bytes, taken as numbers of 64 bits; which bytes are left over does not matter."""
    return int(np.frombuffer(image, np.uint64, image.nbytes // 8).sum())
