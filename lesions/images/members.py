"""The members of archives: what an archive says of each, and how large they and other files may be."""

from collections.abc import Iterator
from typing import NamedTuple

MAX_MEMBERS = 2_000_000
"""Largest number of members of an archive."""

MAX_MEMBER_BYTES = 256 * 2**20
"""Largest size of a member; it is held in memory whole."""

MAX_FILE_BYTES = 2**29
"""Largest size of an image file in no archive; every thread holds a whole one."""

MAX_RATIO = 100
"""Largest ratio of what is unpacked to what is packed. Images, already compressed, have about 1; uncompressed ones,
such as BMP, had up to 20."""

SMALL_BYTES = 2**20
"""Of so little the ratio does not matter."""


class Place(NamedTuple):
    """Where a member is in an archive.

    Attributes
    ----------
    archive
        The path of the archive, relative to the dataset's root.
    offset
        Where it begins, in bytes: of a zip archive its header, of a tar archive its data, after unpacking. Of HDF5,
        which is read by names, 0.
    num_bytes
        Its size.
    packed_bytes
        Its size in the archive if it is compressed by itself; None if it is not.
    crc
        Its checksum; None if the archive has none.
    """

    archive: str
    offset: int
    num_bytes: int
    packed_bytes: int | None = None
    crc: int | None = None


class Member(NamedTuple):
    """A file in an archive.

    Attributes
    ----------
    name
        Its name in the archive, as it is there.
    place
        Where it is; None if it cannot be read.
    error
        Why it cannot be read; None if nothing is known against it.
    """

    name: str
    place: Place | None = None
    error: str | None = None


Members = Iterator[Member]


def explain_size(num_bytes: int, packed_bytes: int) -> str | None:
    """Return why a member is too large to be read, by what the archive says; None if it is not."""
    if num_bytes > MAX_MEMBER_BYTES:
        return f"has {num_bytes:,} bytes; at most {MAX_MEMBER_BYTES:,} are read"
    return explain_ratio(num_bytes, packed_bytes)


def explain_ratio(num_bytes: int, packed_bytes: int) -> str | None:
    """Return why something unpacks to too much for its packed size; None if it does not."""
    if num_bytes > SMALL_BYTES and num_bytes > MAX_RATIO * packed_bytes:
        return f"unpacks to {num_bytes:,} bytes from {packed_bytes:,}; at most {MAX_RATIO} times as many are read"
    return None
