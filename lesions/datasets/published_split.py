"""The split that a dataset was published with, where it is told by the numbers of rows."""

from collections.abc import Mapping
from pathlib import Path

from lesions.errors import InputError, quote_value
from lesions.tables.csv_table import read_text_table

PUBLISHED_SPLIT = "(published split)"
"""Column of the rows: train, val or test, as the dataset was published; empty if it does not say."""


def read_published_split(root: Path, tables: Mapping[str, Path], num_rows: int) -> list[str]:
    """Return the published split of each row (N,); empty for a row that is in none.

    Parameters
    ----------
    root
        The dataset's folder.
    tables
        The table of each split, whose last column has the numbers of rows, from 0.
    num_rows
        The number of rows N.

    Raises
    ------
    InputError
        If a table is missing, if a number is not that of a row, or if a row is named twice.
    """
    splits = [""] * num_rows
    for split, table in tables.items():
        path = root / table
        cells = read_text_table(path, ()).cells.iloc[:, -1].str.strip()
        for line, cell in cells.items():
            if not cell.isdecimal() or int(cell) >= num_rows:
                raise InputError(
                    f"{path}, line {line}: expected the number of a row, from 0 to {num_rows - 1}, got "
                    f"{quote_value(cell)}"
                )
            if splits[int(cell)]:
                raise InputError(f"{path}, line {line}: the row {int(cell)} is already in {splits[int(cell)]}")
            splits[int(cell)] = split
    return splits
