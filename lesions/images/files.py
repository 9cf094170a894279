"""Finding the image files of a dataset, and naming the images in them."""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from lesions.errors import InputError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


def find_image_files(root: Path, folders: Sequence[str] = (".",)) -> list[str]:
    """List the image files below some folders of `root`: paths relative to it, with forward slashes, sorted.

    Raises
    ------
    InputError
        If a folder is missing or has no image files.
    """
    return sorted(file for folder in folders for file in _list_files(root, root / folder))


def _list_files(root: Path, folder: Path) -> list[str]:
    if not folder.is_dir():
        raise InputError(f"dataset.root: there is no folder {folder}")
    files = []
    for parent, folders, names in os.walk(folder):
        # Names that start with a dot are system files, or left by a program that was killed.
        folders[:] = [name for name in folders if not name.startswith(".")]
        images = [name for name in names if not name.startswith(".") and name.lower().endswith(tuple(SUFFIXES))]
        inside = Path(parent).relative_to(root).as_posix()
        files += images if inside == "." else [f"{inside}/{name}" for name in images]
    if not files:
        raise InputError(f"dataset.root: no image files below {folder} ({', '.join(sorted(SUFFIXES))})")
    return files


def read_image_file(root: Path, file: str) -> bytes:
    """Read an image file below a folder.

    Raises
    ------
    InputError
        If it is a link to a file outside the folder: a dataset should be the same on every machine.
    """
    # pathlib makes reading a small image take half as long again, and a buffer is one more call.
    path = f"{root}/{file}"
    if os.path.islink(path) and not Path(os.path.realpath(path)).is_relative_to(root.resolve()):  # noqa: PTH114
        raise InputError("a link that leaves the dataset's folder (DVC makes none with cache.type reflink or copy)")
    with open(path, "rb", buffering=0) as opened:  # noqa: PTH123
        return opened.readall()


def image_name(file: str) -> str:
    """Return the name of an image: its file name, without folders and without an image suffix."""
    return PurePosixPath(strip_suffix(file)).name


def strip_suffix(file: str) -> str:
    """Return a path without an image suffix, with forward slashes, in Unicode's composed form (NFC).

    Without NFC, a name with an accent has two spellings, depending on the system that wrote it.
    """
    path = unicodedata.normalize("NFC", file.strip()).replace("\\", "/")
    stem, _, suffix = path.rpartition(".")
    return stem if f".{suffix.lower()}" in SUFFIXES else path
