"""Listing and reading the members of a tar archive, plain or gzipped.

A gzipped archive can only be read from its beginning to its end: it is read once to list its members, and once for
all of their contents.
"""

import gzip
import io
import struct
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tarfile import BLOCKSIZE, TarError, TarFile, TarInfo
from typing import IO, cast

from lesions.errors import InputError
from lesions.hardware.disk import count_bytes
from lesions.images.members import MAX_MEMBER_BYTES, MAX_MEMBERS, MAX_RATIO, SMALL_BYTES, Member, Members, Place

MAX_HEADER_BYTES = 2**20
"""Largest header of a member, which holds no more than names and dates."""

BROKEN = (
    TarError, OSError, ValueError, EOFError, LookupError, OverflowError, RecursionError, struct.error, zlib.error,
)  # fmt: skip
"""The exceptions that reading a broken archive raises."""


class _TarStream:
    """The bytes of an archive, unpacked; it ends at a limit, and knows what was read last."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream, self._limit, self.last = stream, limit, b""

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, position: int) -> int:
        self._check(position)
        return self._stream.seek(position)

    def read(self, size: int) -> bytes:
        """Read a header."""
        if not 0 <= size <= MAX_HEADER_BYTES:
            raise TarError(f"a header of {size:,} bytes; at most {MAX_HEADER_BYTES:,} are read")
        self.last = self.read_contents(size)
        return self.last

    def read_contents(self, size: int) -> bytes:
        self._check(self.tell() + size)
        return self._stream.read(size)

    def _check(self, position: int) -> None:
        if position > self._limit:
            raise TarError(f"it unpacks to more than {self._limit:,} bytes, or says so")


@contextmanager
def _open(path: str, *, is_gzipped: bool) -> Iterator[tuple[TarFile, _TarStream]]:
    with Path(path).open("rb") as file:
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if is_gzipped else file
        limit = max(MAX_RATIO * count_bytes(path), SMALL_BYTES)
        watched = _TarStream(stream, limit)
        with tarfile.open(fileobj=watched, mode="r:", errorlevel=1) as opened:  # type: ignore[call-overload]
            yield opened, watched


def _iterate(opened: TarFile, watched: _TarStream) -> Iterator[TarInfo]:
    """Yield the members in their order.

    Raises
    ------
    TarError
        If the archive ends where no archive should; the library takes every end for the right one.
    """
    for entry in opened:
        opened.members = []  # type: ignore[attr-defined]  # all of them would fill the memory
        if entry.size < 0:  # the next header would be looked for in front of it
            raise TarError(f"a member of {entry.size:,} bytes")
        yield entry
    if len(watched.last) not in (0, BLOCKSIZE) or any(watched.last):
        raise TarError("it ends within a header, or has a broken one")


def list_tar_members(path: str, archive: str, *, is_gzipped: bool) -> Members:
    """Yield the files in a tar archive, in their order.

    Raises
    ------
    InputError
        If it is broken, after the members before that, or if it has too many members or unpacks to much more than its
        size.
    """
    try:
        with _open(path, is_gzipped=is_gzipped) as (opened, watched):
            for number, entry in enumerate(_iterate(opened, watched)):
                if number >= MAX_MEMBERS:
                    raise TarError(f"it has more than {MAX_MEMBERS:,} members")
                if not entry.isdir():
                    error = _explain(entry)
                    place = None if error else Place(archive, entry.offset_data, entry.size)
                    yield Member(entry.name, place, error)
    except BROKEN as error:
        raise InputError(f"a tar archive that cannot be read to its end: {error}") from error


def _explain(entry: TarInfo) -> str | None:
    """Return why a member cannot be read; None if nothing is known against it."""
    if entry.issym() or entry.islnk():
        return "is a link in a tar archive, which is not followed"
    if not entry.isreg() or entry.issparse():
        return "is no ordinary file in a tar archive"
    if entry.size > MAX_MEMBER_BYTES:
        return f"has {entry.size:,} bytes; at most {MAX_MEMBER_BYTES:,} are read"
    return None


def read_tar_member(path: str, place: Place, max_bytes: int | None = None) -> bytes:
    """Read a member of a plain tar archive, or only its first `max_bytes` bytes.

    Raises
    ------
    InputError
        If the archive ends before it.
    """
    wanted = place.num_bytes if max_bytes is None else min(place.num_bytes, max_bytes)
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123, as in read_image_file
        file.seek(place.offset, io.SEEK_SET)
        data = file.read(wanted)
    if len(data) != wanted:
        raise InputError(f"broken: the archive ends after {len(data):,} of its {wanted:,} bytes")
    return data


def stream_tar_members(path: str, places: Iterable[Place]) -> Iterator[bytes | InputError]:
    """Yield the contents of some members of a gzipped archive, which are in its order; InputError if it is broken."""
    waiting = iter(places)
    place = next(waiting, None)
    try:
        with _open(path, is_gzipped=True) as (opened, watched):
            for entry in _iterate(opened, watched):
                if place is None:
                    return
                if entry.offset_data == place.offset:
                    data = watched.read_contents(place.num_bytes)
                    if len(data) != place.num_bytes:
                        raise TarError("it ends within a member")
                    yield data
                    place = next(waiting, None)
    except BROKEN as error:
        broken = InputError(f"broken: the archive cannot be read to its end: {error}")
    else:
        broken = InputError("broken: the archive ends before it")
    while place is not None:
        yield broken
        place = next(waiting, None)
