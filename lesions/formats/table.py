"""CSV tables: reading them as text, and writing them sorted with a fixed float format."""

import csv
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd
from pandas.errors import EmptyDataError, ParserError, ParserWarning

from lesions.errors import InputError
from lesions.formats.atomic import atomic_path
from lesions.formats.regular import check_regular

ENCODING = "utf-8-sig"
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


def read_text_table(path: Path, columns: Collection[str], named_by: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read a CSV with every cell as unchanged text, without empty rows.

    Cells may be separated by commas, semicolons or tabs, because spreadsheets write all three.

    Parameters
    ----------
    columns
        The columns that the table must have.
    named_by
        The parameter that gives each column's name, for columns that have one.

    Returns
    -------
    table
        Its index is the number of the row after the header, from 0, counting empty rows.

    Raises
    ------
    InputError
        If the file is missing, empty, not a table, or lacks one of `columns`.
    """
    check_regular(path)
    try:
        separator = find_separator(path, columns)
        with warnings.catch_warnings():
            # pandas only warns about rows that are longer than the header.
            warnings.simplefilter("error", ParserWarning)
            table = pd.read_csv(
                path,
                sep=separator,
                dtype=str,
                keep_default_na=False,
                index_col=False,
                skip_blank_lines=False,
                encoding=ENCODING,
            )
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file") from error
    except EmptyDataError as error:
        raise InputError(f"{path}: the file is empty") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not in UTF-8 ({error}); save it as 'CSV UTF-8'") from error
    except (ParserError, ParserWarning) as error:
        raise InputError(
            f"{path}: rows do not have as many cells as the header: {' '.join(str(error).split())}; the cells are "
            f"separated by {SEPARATORS[separator]}; put a cell that contains any, such as 63,5, in quotes"
        ) from error
    check_columns(path, table, columns, named_by=named_by)
    return table[(table != "").any(axis=1)]


def check_columns(
    path: Path, table: pd.DataFrame, columns: Collection[str], *, named_by: Mapping[str, str] | None
) -> None:
    """Raise InputError if a table lacks one of the columns; the message names the column's parameter."""
    for column in columns:
        if column not in table:
            parameter = (named_by or {}).get(column)
            name = f"{column} ({parameter})" if parameter else column
            raise InputError(f"{path}: the column {name} is missing; found {', '.join(table.columns)}")


def find_separator(path: Path, columns: Collection[str]) -> str:
    """Return the separator of a table's cells: the one by which the header has most of `columns`, then most cells.

    Raises
    ------
    InputError
        If the first line is not the header of a table.
    """
    with path.open(encoding=ENCODING, newline="") as file:
        header = file.readline()
    try:
        headers = {separator: next(csv.reader([header], delimiter=separator), []) for separator in SEPARATORS}
    except csv.Error as error:
        raise InputError(f"{path}, line 1: not the header of a table ({error})") from error
    return max(SEPARATORS, key=lambda one: (len({*columns} & {*headers[one]}), len(headers[one])))


def write_table(path: Path, table: pd.DataFrame, *, sort_by: str, float_format: str = "%.6f") -> None:
    """Write a CSV sorted by one column, with line feeds and, by default, six decimals."""
    ordered = table.sort_values(sort_by, kind="stable")
    with atomic_path(path) as temporary:
        ordered.to_csv(temporary, index=False, lineterminator="\n", float_format=float_format)
