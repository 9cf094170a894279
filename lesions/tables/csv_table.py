"""CSV tables: reading them as text, and writing them sorted with a fixed float format."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lesions.errors import quote_value
from lesions.formats.atomic import atomic_path
from lesions.formats.header import check_columns, check_widths, find_header
from lesions.formats.line_feeds import LINE_END, LineFeeds
from lesions.formats.records import Record, check_nothing_swallowed, list_records, read_text


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

    Cells may be separated by commas, semicolons or tabs, because spreadsheets write all three, or by strokes. Lines
    above the header are passed over, and so are lines below the table that have none of the columns asked for, such
    as a legend. A column's name may differ by blanks and capitals from the one asked for. `notes` say so.

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
    num_above = _count_down_to_last(filled, located.values())
    filled, below = filled[:num_above], filled[num_above:]
    check_widths(path, filled, width=len(names), separator=header.separator)
    notes = header.describe(located) if asked else []
    if below:
        first = quote_value(" ".join(below[0].cells).strip())
        notes.append(
            f"lines below the table that are passed over: {len(below)} (first: line {below[0].line}, {first})"
        )
    counts = {
        "empty rows that are passed over": len(records) - len(filled) - len(below),
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


def _count_down_to_last(records: Sequence[Record], positions: Collection[int]) -> int:
    """Return the number of records down to the last one with a cell at one of the positions; all without positions.

    None are passed over if no record has such a cell: then something else is wrong.
    """
    reading = [any(record.cells[at].strip() for at in positions if at < len(record.cells)) for record in records]
    return len(records) - reading[::-1].index(True) if any(reading) else len(records)


def write_table(path: Path, table: pd.DataFrame, *, sort_by: str, float_format: str = "%.6f") -> None:
    """Write a CSV sorted by one column, with line feeds and, by default, six decimals."""
    ordered = table.sort_values(sort_by, kind="stable")
    with atomic_path(path) as temporary, LineFeeds(temporary.open("wb"), encoding="utf-8", newline="") as file:
        ordered.to_csv(file, index=False, lineterminator=LINE_END, float_format=float_format)
