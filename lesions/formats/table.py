"""CSV tables: reading them as text, and writing them sorted with a fixed float format."""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lesions.errors import InputError, quote_value
from lesions.formats.atomic import atomic_path
from lesions.formats.header import SEPARATORS, find_header
from lesions.formats.records import Record, check_nothing_swallowed, list_records, read_text

MAX_NAMED_COLUMNS = 20

LINE_END = "\r\n"


@dataclass(frozen=True)
class TextTable:
    """A table with every cell as unchanged text.

    Attributes
    ----------
    cells : (N, ...) text
        The columns asked for, under the names by which they were asked for; all columns if none was. Indexed by the
        line of the file on which each row begins.
    names
        The names of all columns, as they are in the file.
    notes
        What was guessed and what was passed over, in words.
    """

    cells: pd.DataFrame
    names: list[str]
    notes: list[str]


def read_text_table(
    path: Path,
    columns: Collection[str],
    *,
    optional: Collection[str] = (),
    named_by: Mapping[str, str] | None = None,
) -> TextTable:
    """Read a CSV with every cell as unchanged text, without empty rows.

    Cells may be separated by commas, semicolons or tabs, because spreadsheets write all three. Lines above the header
    are passed over, and a column's name may differ by blanks and capitals from the one asked for; `notes` say so.

    Parameters
    ----------
    columns
        The columns that the table must have; the first one names the row.
    optional
        The columns that are read where the table has them.
    named_by
        The parameter that gives each column's name, for columns that have one.

    Raises
    ------
    InputError
        If the file is missing, empty, not a table, or lacks one of `columns`; if a column that is read is there
        twice; if a quote is not closed or swallowed rows; if a row has more cells than the header.
    """
    text, asked = read_text(path), [*columns, *optional]
    header = find_header(text, asked)
    records = list(list_records(path, text, header.separator))[header.num_records :]
    names = header.record.cells
    located = header.locate(path, asked) if asked else {}
    check_columns(path, located, columns, names=names, named_by=named_by)
    key = located[next(iter(columns))] if columns else 0
    check_nothing_swallowed(path, text, records, separator=header.separator, width=len(names), key=key)
    filled = [record for record in records if any(map(str.strip, record.cells))]
    _check_widths(path, filled, width=len(names), separator=header.separator)
    notes = header.describe(located) if asked else []
    counts = {
        "empty rows that are passed over": len(records) - len(filled),
        "rows with fewer cells than the header; the others count as empty": sum(
            len(record.cells) < len(names) for record in filled
        ),
    }
    notes += [f"{words}: {number}" for words, number in counts.items() if number]
    positions = [*located.values()] if asked else range(len(names))
    cells = pd.DataFrame(
        [[record.cells[at] if at < len(record.cells) else "" for at in positions] for record in filled],
        index=[record.line for record in filled],
        columns=[*located] if asked else names,
        dtype=str,
    )
    return TextTable(cells, names, notes)


def check_columns(
    path: Path,
    present: Collection[str],
    columns: Collection[str],
    *,
    names: Sequence[str],
    named_by: Mapping[str, str] | None,
) -> None:
    """Raise InputError if one of `columns` is not present; the message names its parameter, and the `names` found."""
    for column in columns:
        if column not in present:
            parameter = (named_by or {}).get(column)
            name = f"{column} ({parameter})" if parameter else column
            found = ", ".join(quote_value(one)[1:-1] for one in names[:MAX_NAMED_COLUMNS])
            others = f" and {len(names) - MAX_NAMED_COLUMNS} others" if len(names) > MAX_NAMED_COLUMNS else ""
            raise InputError(f"{path}: the column {name} is missing; found {found or 'none'}{others}")


def _check_widths(path: Path, records: Sequence[Record], *, width: int, separator: str) -> None:
    """Raise InputError if a row has more cells than the header; missing cells at its end are empty."""
    long = [record for record in records if any(map(str.strip, record.cells[width:]))]
    if long:
        sort = SEPARATORS.get(separator[0], quote_value(separator))
        raise InputError(
            f"{path}: rows do not have as many cells as the header: line {long[0].line} has {len(long[0].cells)}, "
            f"the header {width} ({len(long)} such rows); the cells are separated by {sort}; put a cell that "
            "contains any, such as 63,5, in quotes"
        )


def write_table(path: Path, table: pd.DataFrame, *, sort_by: str, float_format: str = "%.6f") -> None:
    """Write a CSV sorted by one column, with line feeds and, by default, six decimals."""
    ordered = table.sort_values(sort_by, kind="stable")
    with atomic_path(path) as temporary, LineFeeds(temporary.open("wb"), encoding="utf-8", newline="") as file:
        ordered.to_csv(file, index=False, lineterminator=LINE_END, float_format=float_format)


class LineFeeds(io.TextIOWrapper):
    r"""A file for Python's csv, each line of which is written with "\n" at its end instead of `LINE_END`.

    With "\n" as its own line end, csv would not quote a lone carriage return in a cell (before Python 3.13), and that
    cell would then break the line for whoever reads the table.
    """

    def write(self, line: str, /) -> int:
        """Write one line."""
        return super().write(line.removesuffix(LINE_END) + "\n")
