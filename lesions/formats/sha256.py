"""Identifying a file's content by its sha256."""

import hashlib
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from lesions.errors import InputError
from lesions.formats.regular import check_regular


def _check_digits(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise ValueError(f"expected the 64 hexadecimal digits that sha256sum prints, got {text!r}")
    return text


Sha256 = Annotated[str, AfterValidator(_check_digits)]
"""A sha256 given in the parameters, as 64 hexadecimal digits."""


def hash_file(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal digits; what cannot be read raises InputError."""
    check_regular(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def check_hash(path: Path, expected: str | None, *, parameter: str) -> None:
    """Raise InputError if a file does not have the sha256 that a parameter gives."""
    actual = hash_file(path)
    if actual != expected:
        raise InputError(f"{path} has the sha256 {actual}, and {parameter} is {expected}: is it another file?")
