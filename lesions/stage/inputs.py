"""Whether the inputs of a long stage are still those with which it began."""

from collections.abc import Mapping
from pathlib import Path

from lesions.errors import InputError
from lesions.formats.sha256 import hash_file


def check_unchanged(hashes: Mapping[Path, str], stage: str) -> None:
    """Raise InputError if a file no longer has its sha256: DVC hashes inputs only after the stage."""
    for path, sha256 in hashes.items():
        if hash_file(path) != sha256:
            raise InputError(f"{path}: changed while the stage {stage} ran; run it again")
