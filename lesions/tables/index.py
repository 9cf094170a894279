"""`data/images.csv`: what each image file was, and where it stands in `data/images.npy`."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from lesions.formats.atomic import atomic_path

COLUMNS = ["file", "row", "width_px", "height_px", "sha256", "perceptual_hash", "error"]
TYPES = {name: "Int64" if name in ("row", "width_px", "height_px") else "str" for name in COLUMNS}
"""`row` is missing where `error` says why the file was refused."""

SPELL_OUT = "backslashreplace"
"""What becomes of bytes in a file's name that are no text."""


def write_index(path: Path, rows: Iterable[dict[str, object]]) -> int:
    """Write one row a file as they come, which is sorted by file; return how many were refused."""
    refused = 0
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", errors=SPELL_OUT, newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for row in rows:
            table.writerow(row)
            refused += "error" in row
    return refused


def list_undecoded(files: Sequence[str]) -> pd.DataFrame:
    """Return the index that there would be if every file were a whole image, as far as their names tell it."""
    spelled = [file.encode(errors=SPELL_OUT).decode() for file in files]
    index = pd.DataFrame({"file": spelled, "row": range(len(files))}, columns=COLUMNS)
    return index.astype(TYPES)


def read_index(path: Path) -> pd.DataFrame:
    """Read one row a file."""
    return pd.read_csv(path, dtype=TYPES, keep_default_na=False, na_values=[""])
