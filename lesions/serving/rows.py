"""The rows of an output: those of images and those of groups, as nested JSON and as flat columns of a table."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lesions.serving.answers import Answer
from lesions.serving.grouping import GroupAnswer

Row = dict[str, Any]
"""A row as in JSON: the probabilities are an object, and the set is a list."""

SET_SEPARATOR = "|"

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that begins so."""

PATHS = ("file", "group")
"""What may be a path: a group may be a folder."""


def make_row(answer: Answer | GroupAnswer) -> Row:
    """Return an answer as a row."""
    row = asdict(answer)
    return row | {name: spell_path(row[name]) for name in PATHS if name in row}


def flatten_row(row: Row, class_names: Sequence[str]) -> Row:
    """Return a row with a column `prob_<class>` for each class."""
    flat: Row = {}
    for name, value in row.items():
        if name == "probabilities":
            flat |= {f"prob_{each}": value.get(each) for each in class_names}
        else:
            flat[name] = value
    return flat


def spell_path(path: str) -> str:
    r"""Return a path as text in UTF-8; bytes that are none are spelled as \xff."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def spell_cells(flat: Row) -> list[str]:
    """Return the cells of a flat row in a CSV file.

    A path that a spreadsheet would run as a formula begins with `./`, which names the same file or folder; so does an
    identifier.
    """
    cells = []
    for name, value in flat.items():
        match value:
            case None:
                cells.append("")
            case bool():
                cells.append(str(value).lower())
            case list() | tuple():
                cells.append(SET_SEPARATOR.join(value))
            case _:
                text = str(value)
                cells.append(f"./{text}" if name in PATHS and text.startswith(FORMULA_STARTS) else text)
    return cells
