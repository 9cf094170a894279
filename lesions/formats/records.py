"""The records of a CSV file, each with its line in the file, and the rows that a quote swallowed."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from lesions.errors import InputError, quote_value
from lesions.formats.regular import check_regular

MAX_BYTES = 1_000_000_000
"""A larger file is not read as a table."""

END = "\udfff"
"""A line that is read after the last one, and is in no decoded text; what swallows it is a quote without an end."""

LINE_BREAK = re.compile("\r\n|\r|\n")
CLOSE_IT = 'close the quote, or write it twice ("") inside quotes where it belongs to the text'


@dataclass(frozen=True)
class Record:
    """A row of a CSV file; `line` is the line of the file on which it begins, from 1."""

    line: int
    cells: list[str]


def read_text(path: Path) -> str:
    """Read a text file in UTF-8, or in UTF-16 with a byte order mark, as Excel writes "Unicode text".

    Raises
    ------
    InputError
        If the file is missing, empty, too large, no regular file, or in another encoding.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    check_regular(path)
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path}: has {path.stat().st_size:,} bytes, a table may have {MAX_BYTES:,} at most")
    data = path.read_bytes()
    if data.startswith(b"PK\x03\x04"):
        raise InputError(f"{path}: a spreadsheet or an archive, not a text file; save the table as 'CSV UTF-8'")
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(LINE_BREAK.findall(data[: error.start].decode("latin-1"))) + 1
        raise InputError(f"{path}, line {line}: not in UTF-8 ({error}); save it as 'CSV UTF-8'") from error
    if not text.strip():
        raise InputError(f"{path}: the file is empty")
    if "\0" in text[:1000]:
        raise InputError(f"{path}: not a text file, or in UTF-16 or UTF-32 without a mark; save it as 'CSV UTF-8'")
    return text


def list_records(path: Path, text: str, separator: str) -> Iterator[Record]:
    """Yield the records of a text, without blank lines.

    Parameters
    ----------
    separator
        The character between two cells; with a blank behind it, blanks at the beginning of cells are passed over.

    Raises
    ------
    InputError
        If a quote is not closed, or a cell is longer than Python's csv reads; the message names the line.
    """
    begin = 1
    try:
        for record, after in _scan(text, separator):
            if record.cells == [END]:
                return
            if record.cells and record.cells[-1].endswith(END):
                line = record.line + sum(map(_count_breaks, record.cells[:-1]))
                raise InputError(f"{path}, line {line}: the quote that opens here is never closed; {CLOSE_IT}")
            begin = after
            if record.cells:
                yield record
    except csv.Error as error:
        raise InputError(
            f"{path}, line {begin}: the row that begins here cannot be read ({error}, in characters); if a quote "
            f"opens by mistake, {CLOSE_IT}"
        ) from error


def list_first_records(text: str, separator: str, number: int) -> list[Record]:
    """Return the first records of a text, without blank lines, whatever is wrong behind or among them."""
    records: list[Record] = []
    try:
        for record, _ in _scan(text, separator):
            if len(records) == number or record.cells == [END]:
                break
            if record.cells:
                records.append(record)
    except csv.Error:
        pass  # The whole text is read next, and then the error is raised with its line.
    return records


def check_nothing_swallowed(
    path: Path, text: str, records: Sequence[Record], *, separator: str, width: int, key: int
) -> None:
    """Raise InputError if a cell with line breaks holds what looks like rows of their own.

    Such a cell holds as many separators as a row, together with those of the cells that are left over. One of its
    lines has as many cells as the header, and its key looks like that of another row, or half of its cells have
    values that other rows have in the same column: a line of prose may have as many separators, but neither of these.

    Parameters
    ----------
    width
        The number of cells of the header.
    key
        The position of the cell by which a row is recognised, such as the one that names the image.
    """
    broken = [record for record in records if any(map(_count_breaks, record.cells))]
    if not broken:
        return
    # Without quotes, because the one that closes may cut a row in two.
    lines = [line.strip().replace('"', "").split(separator[0]) for line in io.StringIO(text, newline="")]
    rows = [lines[record.line - 1] for record in records]
    columns = list(map(set, zip_longest(*rows)))
    shapes = {_describe_shape(cells[key]) for cells in rows if len(cells) > key}

    def is_row(cells: Sequence[str]) -> bool:
        num_known = sum(cell in column for cell, column in zip(cells, columns, strict=False))
        return len(cells) >= width and (_describe_shape(cells[key]) in shapes or 2 * num_known >= width)

    for record in broken:
        line = record.line
        # Where the quote closed in an earlier column than it opened in, cells are left over behind the last column.
        needed = width - 1 - max(0, len(record.cells) - width)
        for cell in record.cells:
            opened, line = line, line + _count_breaks(cell)
            for inside in range(opened + 1, line + 1):
                if cell.count(separator[0]) >= needed and is_row(lines[inside - 1]):
                    row = quote_value(separator.join(lines[inside - 1]))
                    raise InputError(
                        f"{path}, line {opened}: the quote that opens here closes on line {line}, and line {inside} "
                        f"inside it looks like a row of its own: {row}; {CLOSE_IT}"
                    )


def _scan(text: str, separator: str) -> Iterator[tuple[Record, int]]:
    """Yield every record, and the line after it; the last one is `END` unless a quote swallowed it."""
    reader = _read_cells(chain(io.StringIO(text, newline=""), [END]), separator)
    begin = 1
    for cells in reader:
        yield Record(begin, cells), reader.line_num + 1
        begin = reader.line_num + 1


def _read_cells(lines: Iterable[str], separator: str) -> Any:
    return csv.reader(lines, delimiter=separator[0], skipinitialspace=separator[1:] == " ")


def _count_breaks(cell: str) -> int:
    return len(LINE_BREAK.findall(cell))


def _describe_shape(cell: str) -> str:
    """Return a cell with each run of digits as 0 and each run of letters as a: ISIC_0027419.jpg is a_0.a."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", cell.strip()))
