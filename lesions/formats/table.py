"""CSV tables that stages hand on: sorted, with a fixed float format."""

import warnings
from collections.abc import Collection
from pathlib import Path

import pandas as pd
from pandas.errors import EmptyDataError, ParserError, ParserWarning

from lesions.errors import InputError
from lesions.formats.atomic import atomic_path


def read_text_table(path: Path, columns: Collection[str]) -> pd.DataFrame:
    """Read a CSV with every cell as text, as it stands in the file, without empty rows.

    Returns
    -------
    table
        Row n of the index is the n-th after the header, empty ones counted.

    Raises
    ------
    InputError
        If the file is missing, empty, not a table, or lacks one of `columns`.
    """
    try:
        with warnings.catch_warnings():
            # pandas only warns of rows that are longer than the header.
            warnings.simplefilter("error", ParserWarning)
            table = pd.read_csv(
                path, dtype=str, keep_default_na=False, index_col=False, skip_blank_lines=False, encoding="utf-8-sig"
            )
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file") from error
    except EmptyDataError as error:
        raise InputError(f"{path}: the file is empty") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not in UTF-8 ({error}); save it as 'CSV UTF-8'") from error
    except (ParserError, ParserWarning) as error:
        raise InputError(f"{path}: rows do not have as many cells as the header: {error}") from error
    if len(table.columns) == 1 and ";" in table.columns[0]:
        raise InputError(f"{path}: the cells are separated by semicolons; save it with commas")
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(f"{path}: the column {missing[0]} is missing; found {', '.join(table.columns)}")
    return table[(table != "").any(axis=1)]


def write_table(path: Path, table: pd.DataFrame, *, sort_by: str) -> None:
    """Write a CSV sorted by one column, with line feeds and six decimals."""
    ordered = table.sort_values(sort_by, kind="stable")
    with atomic_path(path) as temporary:
        ordered.to_csv(temporary, index=False, lineterminator="\n", float_format="%.6f")
