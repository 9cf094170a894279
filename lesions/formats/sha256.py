"""Which bytes a file holds."""

import hashlib
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from lesions.errors import InputError


def _check_digits(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise ValueError(f"expected the 64 hexadecimal digits that sha256sum prints, got {text!r}")
    return text


Sha256 = Annotated[str, AfterValidator(_check_digits)]
"""A sha256 in the parameters."""


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's bytes, as hexadecimal digits; a file that cannot be read raises InputError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def check_hash(path: Path, expected: str | None, *, parameter: str) -> None:
    """Refuse a file that is not the one whose sha256 stands in the parameters."""
    found = hash_file(path)
    if found != expected:
        raise InputError(f"{path} has the sha256 {found}, and {parameter} is {expected}: is it another file?")
