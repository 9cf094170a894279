"""The table `data/images.csv`: the properties of each image file, and its row in `data/images.npy`."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from lesions.formats.atomic import atomic_path
from lesions.formats.line_feeds import LINE_END, LineFeeds

COLUMNS = ["file", "row", "width_px", "height_px", "sha256", "perceptual_hash", "error", "passed_over"]
TYPES = {name: "Int64" if name in ("row", "width_px", "height_px") else "str" for name in COLUMNS}
"""The type of each column. `row` is missing if the file was refused, as `error` then says, or not wanted, as
`passed_over` then says."""

SPELL_OUT = "backslashreplace"
"""How bytes in a file name that are not valid text are written."""


def write_index(path: Path, rows: Iterable[dict[str, object]]) -> None:
    """Write one row per file, in the given order, which is by file."""
    with (
        atomic_path(path) as temporary,
        LineFeeds(temporary.open("wb"), encoding="utf-8", errors=SPELL_OUT, newline="") as file,
    ):
        table = csv.DictWriter(file, COLUMNS, lineterminator=LINE_END)
        table.writeheader()
        table.writerows(rows)


def build_index(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Return the index with these rows, sorted by file; what a row does not say is missing."""
    index = pd.DataFrame(list(rows), columns=COLUMNS)
    index["file"] = [str(file).encode(errors=SPELL_OUT).decode() for file in index.file]
    return index.sort_values("file", kind="stable", ignore_index=True).astype(TYPES)


def read_index(path: Path) -> pd.DataFrame:
    """Read `data/images.csv`, one row per file."""
    return pd.read_csv(path, dtype=TYPES, keep_default_na=False, na_values=[""])
