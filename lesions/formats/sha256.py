"""Which bytes a file holds."""

import hashlib
from pathlib import Path

from lesions.errors import InputError


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's bytes, as hexadecimal digits; a file that cannot be read raises InputError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
