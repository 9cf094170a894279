"""The images in archives: which of their members are images, by the rules for files."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from lesions.errors import InputError
from lesions.images.folders import HIDDEN, FoundFile, is_hidden, is_image_name
from lesions.images.kinds import ARCHIVES, HEAD_BYTES, OTHER_SUFFIXES, explain_head, is_archive_name, name_archive
from lesions.images.members import Member, Members
from lesions.images.reading import find_stream, read_image_file
from lesions.images.tar_archive import list_tar_members
from lesions.images.zip_archive import list_zip_members

NESTED = "is an archive in an archive, which is not opened"
UNOPENED = f"is an archive of a kind that is not opened; unpack it ({', '.join(ARCHIVES)} are read as they are)"
WITHOUT_IMAGES = "is an archive without images"
OUTSIDE = "has a name that leads out of its archive"
MAX_NAME = 4096
LONG = f"has a name of more than {MAX_NAME:,} characters, of which this is the beginning"
TWICE = "is in its archive more than once"

DRIVE = re.compile(r"[A-Za-z]:")
"""The beginning of an absolute path on Windows."""


def find_members(root: Path, archive: str) -> Iterator[FoundFile]:
    """Yield every image in an archive, as `FolderWalk` yields those in folders, and the archives in it.

    Members are what they are by their names, but in an HDF5 file every dataset is taken for an image. An archive that
    cannot be read to its end, or has no images, is yielded itself.

    Parameters
    ----------
    archive
        The path of the archive, relative to the root.
    """
    if name_archive(archive) is None:
        yield FoundFile(archive, passed_over=UNOPENED)
        return
    found: dict[str, FoundFile] = {}
    error = None
    try:
        for member in _list_members(f"{root}/{archive}", archive):
            if (one := _judge_member(archive, member)) is not None:
                found[one.file] = FoundFile(one.file, error=TWICE) if one.file in found else one
    except InputError as problem:
        error = str(problem)
    for one in found.values():
        yield _look_at_unusual(root, one)
    if error or not found:
        yield FoundFile(archive, error=error, passed_over=None if error else WITHOUT_IMAGES)


def _list_members(path: str, archive: str) -> Members:
    kind = name_archive(archive)
    if kind == "zip":
        return list_zip_members(path, archive)
    if kind == "HDF5":
        try:
            from lesions.images.hdf5_file import list_hdf5_members  # h5py is needed for these alone
        except ImportError as error:
            raise InputError('HDF5, which is not read; pip install "lesions[train]"') from error
        return list_hdf5_members(path, archive)
    return list_tar_members(path, archive, is_gzipped=kind != "tar")


def _judge_member(archive: str, member: Member) -> FoundFile | None:
    """Return a member as a file of the dataset; None if it is no image by its name."""
    is_dataset = name_archive(archive) == "HDF5"
    name = member.name if is_dataset else member.name.replace("\\", "/")
    if len(name) > MAX_NAME:  # they pack well, and all names are held
        return FoundFile(f"{archive}/{name[:100]}", error=LONG) if is_dataset or is_image_name(name) else None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    file = "/".join([archive, *parts])
    if not is_dataset:
        if is_archive_name(name):
            return FoundFile(file, passed_over=HIDDEN if is_hidden("/".join(parts)) else NESTED)
        if not is_image_name(name):
            return None
    if name.startswith("/") or ".." in parts or DRIVE.match(name) or (is_dataset and name != "/".join(parts)):
        return FoundFile(f"{archive}/{name}", error=OUTSIDE)
    if is_hidden("/".join(parts)):
        return FoundFile(file, passed_over=HIDDEN)
    return FoundFile(file, error=member.error, place=member.place)


def _look_at_unusual(root: Path, one: FoundFile) -> FoundFile:
    """Refuse a member with the suffix of a format that is not read, if it is of such a format."""
    assumed = OTHER_SUFFIXES.get(os.path.splitext(one.file.rstrip().lower())[1])  # noqa: PTH122, as in read_image_file
    if assumed is None or not one.is_readable:
        return one
    try:
        # Of a stream, only the name is known yet.
        head = b"" if find_stream(one) else read_image_file(root, one, HEAD_BYTES)
    except (InputError, OSError) as problem:
        return FoundFile(one.file, error=str(problem))
    return one._replace(error=explain_head(head, assumed))
