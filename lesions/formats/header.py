"""The header of a CSV table: on which line it is, what separates its cells, and where the columns asked for are."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lesions.errors import InputError, quote_value
from lesions.formats.records import Record, list_first_records
from lesions.formats.spelling import fold_spelling

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "strokes"}

STATED_SEPARATOR = re.compile(r'\A"?sep=(\\t|[^\r\n])', re.IGNORECASE)
"""The first line by which a table tells Excel what separates its cells."""

MAX_TITLE_LINES = 20
MAX_NAMED_COLUMNS = 20


@dataclass(frozen=True)
class Header:
    """The header of a table.

    Attributes
    ----------
    record
        Its line in the file, and its cells as they are there.
    separator
        The character between two cells; with a blank behind it where each cell of the header but the first has one.
    titles
        The records above it, without blank lines and without the line that states the separator.
    num_records
        The number of records up to the header and with it, without blank lines.
    """

    record: Record
    separator: str
    titles: list[Record]
    num_records: int

    def locate(self, path: Path, asked: Collection[str]) -> dict[str, int]:
        """Return the position of each column asked for that is there; blanks and capitals do not matter.

        Raises
        ------
        InputError
            If a column is there twice.
        """
        names = self.record.cells
        located: dict[str, int] = {}
        for column in asked:
            positions = [at for at, name in enumerate(names) if fold_spelling(name) == fold_spelling(column)]
            if len(positions) > 1:
                places = " and ".join(f"{quote_value(names[at])} in column {at + 1}" for at in positions)
                raise InputError(
                    f"{path}, line {self.record.line}: the column {column} is there {len(positions)} times: "
                    f"{places}; remove or rename all but one"
                )
            if positions:
                located[column] = positions[0]
        return located

    def describe(self, located: dict[str, int]) -> list[str]:
        """Say what is above the header, which columns are read in another spelling, and which others are twice."""
        names, notes = self.record.cells, []
        if self.titles:
            first = self.titles[0]
            notes.append(
                f"lines above the header that are passed over: {len(self.titles)} (first: line {first.line}, "
                f"{quote_value(' '.join(first.cells))})"
            )
        renamed = [f"{quote_value(names[at])} as {column}" for column, at in located.items() if names[at] != column]
        if renamed:
            notes.append(f"columns that are read under another spelling: {', '.join(renamed)}")
        unread = [fold_spelling(name) for at, name in enumerate(names) if at not in located.values()]
        twice = sorted({name for name in unread if name and unread.count(name) > 1})
        return notes + [f"the column {quote_value(name)}, which is not read, is there twice" for name in twice]


def find_header(text: str, asked: Collection[str]) -> Header:
    """Return the header of a table: its first line, or a line below that has more of the columns asked for.

    The line below has at least two of them, unless the first line has a single cell, such as a title. The separator
    is the one by which the header has most of these columns, and then the one by which it has most cells, unless the
    first line states it (`sep=;`).
    """
    stated = STATED_SEPARATOR.match(text)
    separators = [stated[1].replace("\\t", "\t")] if stated else list(SEPARATORS)
    start, folded = int(bool(stated)), set(map(fold_spelling, asked))
    candidates = []
    for separator in separators:
        records = list_first_records(text, separator, start + MAX_TITLE_LINES)[start:]
        for number, record in enumerate(records):
            num_asked = len(folded & set(map(fold_spelling, record.cells)))
            header = Header(record, separator, records[:number], start + number + 1)
            candidates.append(((num_asked, -number, len(record.cells)), header))
    if not candidates:
        return Header(Record(1, []), separators[0], [], 0)
    first = max((one for one in candidates if not one[1].titles), key=lambda one: one[0])
    best = max(candidates, key=lambda one: one[0])
    is_title = sum(map(bool, map(str.strip, first[1].record.cells))) == 1
    header = (best if best[0][0] > first[0][0] and (best[0][0] > 1 or is_title) else first)[1]
    names, separator = header.record.cells, f"{header.separator} "
    if len(names) > 1 and all(name.startswith(" ") for name in names[1:]):
        records = list_first_records(text, separator, header.num_records)[header.num_records - 1 :]
        return replace(header, record=records[0], separator=separator) if records else header
    return header


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
            raise InputError(f"{path}: the column {name} is missing; found {list_names(names)}")


def list_names(names: Sequence[str]) -> str:
    """Return the names of columns that were found, for a message."""
    found = ", ".join(quote_value(one)[1:-1] for one in names[:MAX_NAMED_COLUMNS])
    others = f" and {len(names) - MAX_NAMED_COLUMNS} others" if len(names) > MAX_NAMED_COLUMNS else ""
    return f"{found or 'none'}{others}"


def check_widths(path: Path, records: Sequence[Record], *, width: int, separator: str) -> None:
    """Raise InputError if a row has more cells than the header; missing cells at its end are empty."""
    long = [record for record in records if any(map(str.strip, record.cells[width:]))]
    if long:
        sort = SEPARATORS.get(separator[0], quote_value(separator))
        raise InputError(
            f"{path}: rows do not have as many cells as the header: line {long[0].line} has {len(long[0].cells)}, "
            f"the header {width} ({len(long)} such rows); the cells are separated by {sort}; put a cell that "
            "contains any, such as 63,5, in quotes"
        )
