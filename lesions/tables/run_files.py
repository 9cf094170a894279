"""The files of a run that belong to no single model, by their paths from the project's folder."""

import re
from pathlib import Path
from typing import Any

from lesions.errors import InputError
from lesions.formats.json_file import read_json

IMAGES = Path("data/images.npy")
METADATA = Path("data/metadata.csv")
SPLITS = Path("data/splits.csv")
CLASSES = Path("data/classes.json")
SPLIT_METRICS = Path("metrics/split.json")

TEST_IMAGES = "test_images_sha256"
"""The key of `metrics/split.json` under which is the hash of the test images."""


def check_made(*paths: Path, otherwise: str = "`dvc pull` gets it") -> None:
    """Raise InputError for the first file of a run that is not there.

    Parameters
    ----------
    otherwise
        What else to do than to make it.
    """
    for path in paths:
        if not path.is_file():
            raise InputError(f"there is no {path}; `dvc repro` makes it, or {otherwise}")


def read_test_images() -> str:
    """Return the hash of the workspace's test images; raise InputError if there is none."""
    check_made(SPLIT_METRICS)
    return find_test_images(read_json(SPLIT_METRICS), str(SPLIT_METRICS))


def find_test_images(summary: Any, source: str) -> str:
    """Return the hash of the test images that the content of `metrics/split.json` names.

    Parameters
    ----------
    source
        The file, for the message.

    Raises
    ------
    InputError
        If it names none.
    """
    sha256 = summary.get(TEST_IMAGES) if isinstance(summary, dict) else None
    if not isinstance(sha256, str) or not re.fullmatch("[0-9a-f]{64}", sha256):
        raise InputError(
            f"{source} does not say which images are tested: {TEST_IMAGES}: expected 64 hexadecimal digits, got "
            f"{sha256!r:.80}"
        )
    return sha256
