"""Refusing what is no regular file before it is opened: reading a pipe or a device may never end."""

from pathlib import Path

from lesions.errors import InputError


def check_regular(path: Path) -> None:
    """Raise InputError if a path leads to a folder, a pipe, a socket or a device; it may lead to nothing."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: not a file, but {'a folder' if path.is_dir() else 'a pipe, a socket or a device'}")
