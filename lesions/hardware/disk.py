"""Checking that the disk has room and may be written, and measuring files."""

import os
import shutil
from pathlib import Path

from lesions.errors import InputError


def check_room(folder: Path, num_bytes: int, what: str, *, advice: str = "make room") -> None:
    """Raise InputError if the disk of a folder has no room for `num_bytes`; `what` names their purpose."""
    free = shutil.disk_usage(folder).free
    if num_bytes > free:
        raise InputError(
            f"{what} takes {num_bytes / 1e9:.1f} GB in {folder.resolve()}, where {free / 1e9:.1f} GB are free; "
            f"{advice}"
        )


def check_writable(*paths: Path) -> None:
    """Refuse to begin work whose results cannot be written; nothing is created.

    Parameters
    ----------
    paths
        The files to write. Their folders may be missing.

    Raises
    ------
    InputError
        If a path is a folder, if a part of it is a file, or if the folder that is to hold it is not writable.
    """
    for path in paths:
        if path.is_dir():
            raise InputError(f"{path}: is a folder, and a file is to be written there; move it away")
        folder = find_existing(path.absolute().parent)
        if not folder.is_dir():
            raise InputError(f"{folder}: is a file, and {path} is to be written below it; move it away")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InputError(f"{folder}: no right to write in this folder, where {path} is to be written")


def find_existing(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))


def count_bytes(path: Path | str) -> int:
    """Return the size of a file in bytes, or 0 if it cannot be read, such as a broken link."""
    try:
        return os.stat(path).st_size  # noqa: PTH116, pathlib takes twice as long
    except OSError:
        return 0
