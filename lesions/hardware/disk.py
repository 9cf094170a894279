"""Whether the disk has room for what is to be written, and how large what is there is."""

import os
import shutil
from pathlib import Path

from lesions.errors import InputError


def check_room(folder: Path, num_bytes: int, what: str, advice: str = "make room") -> None:
    """Refuse to begin what the disk of a folder has no room for, by raising InputError."""
    free = shutil.disk_usage(folder).free
    if num_bytes > free:
        raise InputError(
            f"{what} takes {num_bytes / 1e9:.1f} GB in {folder.resolve()}, where {free / 1e9:.1f} GB are free; "
            f"{advice}"
        )


def count_bytes(path: Path | str) -> int:
    """Return the size of a file; of one that can't be looked at, as a link to nowhere, zero."""
    try:
        return os.stat(path).st_size  # noqa: PTH116, pathlib takes as long again
    except OSError:
        return 0
