"""Reading the bytes of image files, wherever they are."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lesions.errors import InputError
from lesions.images.folders import FoundFile
from lesions.images.kinds import name_archive
from lesions.images.members import MAX_FILE_BYTES
from lesions.images.tar_archive import read_tar_member, stream_tar_members
from lesions.images.zip_archive import read_zip_member

STREAMED = ("gzipped tar", "HDF5")
"""The archives whose members are read in one go: unpacking cannot begin in the middle, or one thread must do it."""


def find_stream(one: FoundFile) -> str | None:
    """Return the archive that a file is in, if its members are read in one go; else None."""
    return one.place.archive if one.place is not None and name_archive(one.place.archive) in STREAMED else None


def read_image_file(root: Path, one: FoundFile, max_bytes: int | None = None) -> bytes:
    """Read an image file that is in no archive, or in one of those that are not read in one go.

    Parameters
    ----------
    max_bytes
        How much of its beginning is read; None for all.

    Raises
    ------
    InputError
        If it is too large, or broken in its archive.
    """
    if one.place is not None:
        read = read_zip_member if name_archive(one.place.archive) == "zip" else read_tar_member
        return read(f"{root}/{one.place.archive}", one.place, max_bytes)
    # pathlib makes reading a small image take half as long again, and a buffer is one more call.
    with open(f"{root}/{one.file}", "rb", buffering=0) as opened:  # noqa: PTH123
        if max_bytes is not None:
            return opened.read(max_bytes)
        if (num_bytes := os.fstat(opened.fileno()).st_size) > MAX_FILE_BYTES:
            raise InputError(f"has {num_bytes:,} bytes; at most {MAX_FILE_BYTES:,} are read")
        return opened.readall()


def stream_image_files(root: Path, files: Sequence[FoundFile]) -> Iterator[tuple[int, bytes | InputError]]:
    """Yield each file of an archive that is read in one go, by its index in `files`, as they are in the archive.

    Parameters
    ----------
    files
        Files of one archive, at least one.
    """
    places = [one.place for one in files if one.place is not None]
    archive = places[0].archive
    if name_archive(archive) == "HDF5":
        from lesions.images.hdf5_file import stream_hdf5_members  # h5py is needed for these alone

        names = [one.file.removeprefix(f"{archive}/") for one in files]
        yield from enumerate(stream_hdf5_members(f"{root}/{archive}", names))
        return
    order = sorted(range(len(places)), key=lambda index: places[index].offset)
    contents = stream_tar_members(f"{root}/{archive}", [places[index] for index in order])
    yield from zip(order, contents, strict=True)
