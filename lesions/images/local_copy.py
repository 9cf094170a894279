"""Images of shards that were read before, on a disk of this machine."""

import errno
import os
import sys
import weakref
from contextlib import suppress
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray


class LocalCopy:
    """A file with room for all images, of which only those that were read take any of the disk.

    The first images that are read are kept until there are as many as are allowed, and none is ever replaced: a
    training reads each image once per epoch, so that one kept instead would be worth no more. Several processes may
    use one copy at the same time, and then each may keep a batch too many. Nobody may trust it: after a power cut, an
    image may be there in part.

    Parameters
    ----------
    folder
        Where the copy is. Copies of other images in it are removed; a process that reads one goes on reading it.
    key
        What tells these images from others.
    num_images
        The number of images.
    num_bytes
        The bytes of each.
    most_bytes
        The bytes that the images kept may take.
    """

    def __init__(self, folder: Path, key: str, *, num_images: int, num_bytes: int, most_bytes: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        pixels, kept = (folder / f"{key}.{suffix}" for suffix in ("pixels", "kept"))
        for path in [*folder.glob("*.pixels"), *folder.glob("*.kept")]:
            if path not in (pixels, kept):
                path.unlink(missing_ok=True)
        _create_once(kept, num_images)
        self._path = pixels
        self._num_bytes = num_bytes
        self._most = int(most_bytes // num_bytes)
        self._kept: NDArray[np.bool_] = np.memmap(kept, np.bool_, "r+", shape=(num_images,))
        pixels.touch()
        # Not a memory map: where the disk is full, writing to one ends the process.
        self._file = pixels.open("r+b", buffering=0)
        weakref.finalize(self, self._file.close)
        self._file.truncate(num_images * num_bytes)
        self._lock = Lock()

    def has(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of some images (n,) are kept."""
        return np.asarray(self._kept[rows])

    def read(self, row: int) -> bytes:
        """Return the bytes of an image that is kept."""
        with self._lock:
            self._file.seek(row * self._num_bytes)
            return self._file.read(self._num_bytes)

    def forget(self, row: int) -> None:
        """Keep an image no longer."""
        self._kept[row] = False

    def keep(self, images: dict[int, bytes]) -> None:
        """Keep images, by their rows, as far as there is room."""
        room = self._most - int(np.count_nonzero(self._kept))
        try:
            for row, data in list(images.items())[: max(0, room)]:
                with self._lock:
                    self._file.seek(row * self._num_bytes)
                    self._file.write(data)
                self._kept[row] = True
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._most = 0
            print(f"warning: {self._path}: {error.strerror}; no more images are kept there", file=sys.stderr)


def _create_once(path: Path, num_bytes: int) -> None:
    """Create a file of zeros that takes its disk space; of several processes that do so, all get the same file."""
    if path.is_file() and path.stat().st_size == num_bytes:
        return
    path.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(bytes(num_bytes))
    with suppress(FileExistsError):
        path.hardlink_to(temporary)
    temporary.unlink()


def count_kept(folder: Path) -> int:
    """Return the number of images that the copies in a folder keep."""
    return sum(int(np.count_nonzero(np.fromfile(path, np.bool_))) for path in folder.glob("*.kept"))
