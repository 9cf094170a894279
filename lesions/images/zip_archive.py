"""Listing and reading the members of a zip archive.

The standard library lists them. They are read without it: its reading goes through one lock and many small steps, for
which all threads wait. It took 15 µs per member of 8 KB, and this takes 6.
"""

import io
import stat
import struct
import zlib
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from lesions.errors import InputError
from lesions.images.members import MAX_MEMBERS, SMALL_BYTES, Member, Members, Place, explain_ratio, explain_size

MAX_LIST_BYTES = 128 * MAX_MEMBERS
"""Largest size of an archive's list of its members, which is held in memory; one of a usual name takes 100 bytes."""

HEADER_BYTES, HEADER = 30, b"PK\x03\x04"
ENCRYPTED = 1

BROKEN = (BadZipFile, OSError, ValueError, EOFError, IndexError, NotImplementedError, struct.error)
"""The exceptions that listing a broken archive raises."""


class _ListFile(io.FileIO):
    """A file of which no part larger than the largest list is read."""

    def read(self, size: int | None = -1, /) -> bytes | None:  # type: ignore[override]
        if size is not None and size > MAX_LIST_BYTES:
            raise BadZipFile(f"its list of members has {size:,} bytes; at most {MAX_LIST_BYTES:,} are read")
        return super().read(-1 if size is None else size)


def list_zip_members(path: str, archive: str) -> Members:
    """Yield the files in a zip archive.

    Parameters
    ----------
    archive
        The path of the archive, relative to the dataset's root.

    Raises
    ------
    InputError
        If it is broken or encrypted as a whole, lists too much, or unpacks to much more than its size.
    """
    try:
        with _ListFile(path) as file, ZipFile(file) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            packed_bytes = file.seek(0, io.SEEK_END)
    except BROKEN as error:
        raise InputError(f"a zip archive that cannot be read: {error}") from error
    # Members may lie upon each other, so that each is small for its size and all of them are not.
    if problem := explain_ratio(sum(entry.file_size for entry in entries), packed_bytes):
        raise InputError(problem)
    for entry in entries:
        problem = _explain(entry)
        is_packed = entry.compress_type == ZIP_DEFLATED
        place = Place(
            archive,
            entry.header_offset,
            entry.file_size,
            entry.compress_size if is_packed else None,
            entry.CRC,
        )
        yield Member(entry.filename, None if problem else place, problem)


def _explain(entry: ZipInfo) -> str | None:
    """Return why a member cannot be read; None if nothing is known against it."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "is a link or a device in a zip archive, which is not followed"
    if entry.flag_bits & ENCRYPTED:
        return "is encrypted; unpack the archive"
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is packed by a method that is not read; unpack the archive"
    if entry.compress_type == ZIP_STORED and entry.compress_size != entry.file_size:
        return f"has {entry.compress_size:,} bytes in the archive and {entry.file_size:,} unpacked, but is not packed"
    if entry.compress_size > 2 * entry.file_size + SMALL_BYTES:  # packing makes nothing that much larger
        return f"has {entry.compress_size:,} bytes in the archive, for {entry.file_size:,} unpacked"
    return explain_size(entry.file_size, entry.compress_size)


def read_zip_member(path: str, place: Place, max_bytes: int | None = None) -> bytes:
    """Read a member of a zip archive, or only its first `max_bytes` bytes, which are then not checked.

    Raises
    ------
    InputError
        If it is not what the archive's list says.
    """
    stored = place.num_bytes if place.packed_bytes is None else place.packed_bytes
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123, as in read_image_file
        file.seek(place.offset)
        header = file.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES or not header.startswith(HEADER):
            raise InputError("broken: it does not begin where the archive's list says")
        file.seek(sum(struct.unpack("<HH", header[26:])), io.SEEK_CUR)
        data = file.read(stored if max_bytes is None else min(stored, max_bytes))
    if place.packed_bytes is not None:
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, max_bytes or place.num_bytes + 1)
        except zlib.error as error:
            raise InputError(f"broken: {error}") from error
    if max_bytes is None and (len(data) != place.num_bytes or zlib.crc32(data) != place.crc):
        raise InputError("broken: its bytes are not those of which the archive has the size and checksum")
    return data
