"""Which objects were read and found whole, so that a stopped reading goes on where it was."""

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from lesions.storage.places import Entry, Place

MAX_LOG_BYTES = 500_000_000
"""A log of this size tells of two million objects; a larger one is not read."""


class ReadLog:
    """A file with one line per object that was read; it is removed once all are.

    A line counts as long as the object has the size and the version that it had when it was read.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._read = {*_read_lines(path)}
        self._file = path.open("a", encoding="utf-8")
        self._file.write("\n" * bool(self._read))  # ends a line that was cut when its process was killed

    def holds(self, place: Place, name: str, entry: Entry) -> bool:
        """Return whether an object, as it is now, was read before."""
        return _spell(place, name, entry) in self._read

    def add(self, place: Place, name: str, entry: Entry) -> None:
        """Note that an object was read and is whole."""
        self._file.write(_spell(place, name, entry) + "\n")
        self._file.flush()

    def remove(self) -> None:
        """Remove the file, as everything was read."""
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()


def _spell(place: Place, name: str, entry: Entry) -> str:
    return json.dumps([place.address, name, entry.size, entry.version])


def _read_lines(path: Path) -> list[str]:
    if not path.is_file() or path.stat().st_size > MAX_LOG_BYTES:
        return []
    return path.read_text(encoding="utf-8", errors="replace").splitlines()
