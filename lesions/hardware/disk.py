"""Whether the disk has room for what is to be written, and what is written already."""

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


def count_bytes_below(folder: Path) -> int:
    """Return the bytes of all files below a folder, which need not be there; a link counts as itself."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
