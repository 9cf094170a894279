"""Checking that the disk has room, and measuring files."""

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


def count_bytes(path: Path | str) -> int:
    """Return the size of a file in bytes, or 0 if it cannot be read, such as a broken link."""
    try:
        return os.stat(path).st_size  # noqa: PTH116, pathlib takes twice as long
    except OSError:
        return 0
