"""Validating a dataset's rows, and matching each with its image file."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Cells, Column, UnknownWordError, find_missing_parameter
from lesions.datasets.published_split import PUBLISHED_SPLIT
from lesions.datasets.refusals import LEFT_OUT, LeftOutError, RefusedError
from lesions.datasets.repeated import find_repeated
from lesions.datasets.rows import Rows
from lesions.datasets.selection import read_stated
from lesions.errors import InputError
from lesions.formats.identifier import NOT_KNOWN
from lesions.formats.spelling import fold_spelling
from lesions.tables.csv_table import read_text_table
from lesions.tables.metadata import SUBGROUP
from lesions.tables.record import MAX_VALUE, UNKNOWN, Record

Row = dict[str, Any]


def validate_rows(rows: Rows, adapter: Adapter, *, root: Path) -> tuple[list[Row], list[Row]]:
    """Return the valid rows, with their images' properties, and the rows that are not used, with the reason.

    Parameters
    ----------
    root
        The dataset's folder.
    """
    repeated = find_repeated(rows.cells, adapter)
    valid: list[Row] = []
    unused: list[Row] = []
    for number, cells in zip(rows.cells.index, rows.cells.to_dict("records"), strict=True):
        line, image_id = None if adapter.classes_are_folders else number, cells[adapter.id_column]
        try:
            check_selections(cells, adapter)
            record = read_record(cells, adapter)
            if image_id in repeated:
                repeated[image_id].check(number)
            diagnosis = adapter.columns["diagnosis"]
            if record.diagnosis == UNKNOWN:
                raise LeftOutError(
                    diagnosis.name, diagnosis.quote(cells), "no diagnosis is known", why="no_diagnosis"
                )
            image = rows.images.find(image_id, adapter.id_column)
            own = {
                "line": line,
                "published_split": cells.get(PUBLISHED_SPLIT),
                "word": diagnosis.find_word(cells),
                "licence": None if adapter.licence is None else read_stated(cells, adapter.licence),
            }
            valid.append(own | record.model_dump() | read_subgroups(cells, adapter) | image)
        except RefusedError as error:
            unused.append({"line": line, "image_id": image_id, **error.details})
    originals = find_published_copies(
        root, adapter, to_image_id=rows.to_image_id, image_ids={row["image_id"] for row in valid}
    )
    for row in valid:
        if row["image_id"] in originals:
            reason, detail = f"is a copy, says {adapter.duplicates}", f"of {originals[row['image_id']]}"
            left_out = LeftOutError(adapter.id_column, row["image_id"], reason, detail, why="published_copy")
            unused.append({"line": row["line"], "image_id": row["image_id"], **left_out.details})
    return [row for row in valid if row["image_id"] not in originals], unused


def check_selections(cells: Cells, adapter: Adapter) -> None:
    """Raise LeftOutError for a row that the adapter's selections leave out."""
    for selection in adapter.selections:
        if not selection.accepts(cells):
            said = read_stated(cells, selection.column)
            raise LeftOutError(selection.column, said, LEFT_OUT[selection.why], why=selection.why)


def read_record(cells: Cells, adapter: Adapter) -> Record:
    """Translate one row of the table, without a diagnosis only its name; an invalid cell raises RefusedError.

    Sites are free text, and are read in lower case and in one spelling; words for "not known" are none.
    """
    values: dict[str, str | None] = dict.fromkeys(Record.model_fields)
    values["diagnosis"] = read_field("diagnosis", cells, adapter) or UNKNOWN
    needed = {"image_id"} if values["diagnosis"] == UNKNOWN else {*adapter.columns} - {"diagnosis"}
    for field, column in adapter.columns.items():
        if field in needed and {*column.needed} <= {*cells}:
            values[field] = read_field(field, cells, adapter)
    values["age_years"] = read_decimal_comma(values["age_years"])
    site = fold_spelling(values["site"] or "")
    values["site"] = site if site and site not in NOT_KNOWN else None
    try:
        return Record.model_validate(values)
    except ValidationError as error:
        details = error.errors()[0]
        field = str(details["loc"][0])
        reasons = {"float_parsing": "is not a number (an empty cell says that it is not known)"}
        said = re.sub("^(Input|String) ", "", details["msg"])
        column = adapter.columns[field]
        if field == "age_years" and isinstance(column, Column) and column.parameter:
            said += f"; if it stands for 'not known', list it in {find_missing_parameter(column)}"
        reason = "is missing" if values[field] is None else reasons.get(details["type"], said)
        raise RefusedError(column.name, column.quote(cells), reason) from error


def read_subgroups(cells: Cells, adapter: Adapter) -> Row:
    """Return the values of one's own subgroups in one row, in lower case and in one spelling."""
    values: Row = {}
    for name, column in adapter.subgroups.items():
        value = fold_spelling(read_field(name, cells, adapter) or "")
        if len(value) > MAX_VALUE:
            raise RefusedError(column.name, column.quote(cells), f"should have at most {MAX_VALUE} characters")
        values[f"{SUBGROUP}{name}"] = None if value in ("", UNKNOWN) else value
    return values


def read_field(field: str, cells: Cells, adapter: Adapter) -> str | None:
    """Translate one field of a row; None means not known, and an invalid cell raises RefusedError."""
    column = adapter.all_columns[field]
    if any(pd.isna(cells[name]) for name in column.needed):
        others = ", ".join(map(str, adapter.tables if adapter.classes_are_folders else adapter.tables[1:]))
        raise RefusedError(adapter.id_column, cells[adapter.id_column], f"has no row in {others}")
    try:
        return column.read(cells)
    except ValueError as error:
        refused = RefusedError(column.name, column.quote(cells), str(error))
        if isinstance(error, UnknownWordError):
            refused.details["unknown_in"] = error.column
        raise refused from error


def read_decimal_comma(number: str | None) -> str | None:
    """Return a number with a decimal point instead of a decimal comma, such as 63.5 for 63,5."""
    return number.replace(",", ".") if number and re.fullmatch(r"\d+,\d+", number) else number


def find_published_copies(
    root: Path, adapter: Adapter, *, to_image_id: Callable[[str], str], image_ids: set[str]
) -> dict[str, str]:
    """Return the original of each image that the dataset itself lists as a copy; only usable images count.

    Raises
    ------
    InputError
        If the list has fewer than two columns.
    """
    if adapter.duplicates is None or not (root / adapter.duplicates).is_file():
        return {}
    pairs = read_text_table(root / adapter.duplicates, ()).cells
    if len(pairs.columns) < 2:
        raise InputError(f"{root / adapter.duplicates}: expected two columns, an image and its copy")
    originals: dict[str, str] = {}
    for original, copy in zip(*(pairs.iloc[:, column].map(to_image_id) for column in (0, 1)), strict=True):
        # One image of each set of copies stays.
        if {original, copy} <= image_ids - originals.keys() and original != copy:
            originals[copy] = original
    return originals
