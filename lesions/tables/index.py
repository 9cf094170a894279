"""The table `data/images.csv`: the properties of each image file, and its row in `data/images.npy`."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from lesions.formats.atomic import atomic_path
from lesions.formats.table import LINE_END, LineFeeds

COLUMNS = ["file", "row", "width_px", "height_px", "sha256", "perceptual_hash", "error"]
TYPES = {name: "Int64" if name in ("row", "width_px", "height_px") else "str" for name in COLUMNS}
"""The type of each column; `row` is missing if the file was refused, and `error` then says why."""

SPELL_OUT = "backslashreplace"
"""How bytes in a file name that are not valid text are written."""


def write_index(path: Path, rows: Iterable[dict[str, object]]) -> int:
    """Write one row per file, in the given order, which is by file; return the number of refused files."""
    refused = 0
    with (
        atomic_path(path) as temporary,
        LineFeeds(temporary.open("wb"), encoding="utf-8", errors=SPELL_OUT, newline="") as file,
    ):
        table = csv.DictWriter(file, COLUMNS, lineterminator=LINE_END)
        table.writeheader()
        for row in rows:
            table.writerow(row)
            refused += "error" in row
    return refused


def list_undecoded(files: Sequence[str]) -> pd.DataFrame:
    """Return the index as it would be if every file could be decoded; only `file` and `row` are known."""
    spelled = [file.encode(errors=SPELL_OUT).decode() for file in files]
    index = pd.DataFrame({"file": spelled, "row": range(len(files))}, columns=COLUMNS)
    return index.astype(TYPES)


def read_index(path: Path) -> pd.DataFrame:
    """Read `data/images.csv`, one row per file."""
    return pd.read_csv(path, dtype=TYPES, keep_default_na=False, na_values=[""])
