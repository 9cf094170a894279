"""Validating a dataset's rows, and matching each with its image file."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import ValidationError

from lesions.datasets.adapter import Adapter
from lesions.datasets.refusals import LeftOutError, RefusedError
from lesions.datasets.rows import PUBLISHED_SPLIT, Rows
from lesions.errors import InputError
from lesions.formats.table import read_text_table
from lesions.tables.record import UNKNOWN, Record

Row = dict[str, Any]


def validate_rows(rows: Rows, adapter: Adapter, *, root: Path) -> tuple[list[Row], list[Row]]:
    """Return the valid rows, with their images' properties, and the rows that are not used, with the reason.

    Parameters
    ----------
    root
        The dataset's folder.
    """
    repeated = rows.cells[rows.cells[adapter.id_column].duplicated(keep=False)]
    same = dict(list(repeated.groupby(adapter.id_column)))
    valid, unused = [], []
    for line, cells in zip(rows.cells.index, rows.cells.to_dict("records"), strict=True):
        image_id = cells[adapter.id_column]
        try:
            record = read_record(cells, adapter)
            if image_id in same:
                check_not_repeated(line, same[image_id], adapter)
            image = rows.images.find(image_id, adapter.id_column)
            if record.diagnosis == UNKNOWN:
                raise LeftOutError(adapter.columns["diagnosis"].name, UNKNOWN, "no diagnosis is known")
            published_split = cells[PUBLISHED_SPLIT] if adapter.classes_are_folders else None
            valid.append({"line": line, "published_split": published_split} | record.model_dump() | image)
        except RefusedError as error:
            unused.append({"line": line, "image_id": image_id, **error.details})
    originals = find_published_copies(
        root, adapter, to_image_id=rows.to_image_id, image_ids={row["image_id"] for row in valid}
    )
    for row in valid:
        if row["image_id"] in originals:
            reason = f"is a copy of {originals[row['image_id']]}, says {adapter.duplicates}"
            left_out = LeftOutError(adapter.id_column, row["image_id"], reason)
            unused.append({"line": row["line"], "image_id": row["image_id"], **left_out.details})
    return [row for row in valid if row["image_id"] not in originals], unused


def read_record(cells: Mapping[Any, str], adapter: Adapter) -> Record:
    """Translate one row of the table; an invalid cell raises RefusedError."""
    values: dict[str, str | None] = dict.fromkeys(Record.model_fields)
    for field, column in adapter.columns.items():
        if not set(column.needed) <= set(cells):
            continue
        if any(pd.isna(cells[name]) for name in column.needed):
            others = ", ".join(map(str, adapter.tables if adapter.classes_are_folders else adapter.tables[1:]))
            raise RefusedError(adapter.id_column, cells[adapter.id_column], f"has no row in {others}")
        try:
            values[field] = column.read(cells)
        except ValueError as error:
            raise RefusedError(column.name, column.quote(cells), str(error)) from error
    values["age_years"] = read_decimal_comma(values["age_years"])
    try:
        return Record.model_validate(values)
    except ValidationError as error:
        details = error.errors()[0]
        field = str(details["loc"][0])
        reasons = {"float_parsing": "is not a number (an empty cell says that it is not known)"}
        said = re.sub("^(Input|String) ", "", details["msg"])
        reason = "is missing" if values[field] is None else reasons.get(details["type"], said)
        column = adapter.columns[field]
        raise RefusedError(column.name, column.quote(cells), reason) from error


def read_decimal_comma(number: str | None) -> str | None:
    """Return a number with a decimal point instead of a decimal comma, such as 63.5 for 63,5."""
    return number.replace(",", ".") if number and re.fullmatch(r"\d+,\d+", number) else number


def check_not_repeated(line: int, same: pd.DataFrame, adapter: Adapter) -> None:
    """Raise LeftOutError for a row that repeats an earlier one, and RefusedError for all rows that disagree.

    Parameters
    ----------
    same
        All rows of the image, including this one.
    """
    image_id = same[adapter.id_column].iloc[0]
    used = [name for column in adapter.columns.values() for name in column.needed if name in same]
    differing = [name for name in used if same[name].nunique() > 1]
    if differing:
        values = " and ".join(map(repr, same[differing[0]].unique()))
        lines = ", ".join(map(str, same.index))
        raise RefusedError(adapter.id_column, image_id, f"lines {lines} disagree: {differing[0]} is {values}")
    if line != same.index[0]:
        raise LeftOutError(adapter.id_column, image_id, f"says what line {same.index[0]} says")


def choose_used(
    rows: pd.DataFrame,
    trained: Sequence[str],
    asked: Literal["all", "shared"] | Sequence[str],
    *,
    by_malignancy: bool,
) -> pd.Series:
    """Return which rows (N,) are used, by their diagnosis.

    Parameters
    ----------
    rows : (N, ...)
        With `source` and `diagnosis`.
    trained
        The datasets to train on; images of other datasets can be scored only if one of these has their diagnosis.
    asked
        The parameter dataset.diagnoses.
    by_malignancy
        Whether the networks classify malignant against benign. Any diagnosis can then be scored, so all images of the
        other datasets are used, except those that a list excludes.

    Raises
    ------
    InputError
        If a listed diagnosis has no image.
    """
    is_trained = rows.source.isin(trained)
    diagnoses = [set(rows.diagnosis[rows.source == source]) for source in trained]
    if isinstance(asked, str):
        used = set.union(*diagnoses) if asked == "all" else set.intersection(*diagnoses)
        return rows.diagnosis.isin(used) | (~is_trained & by_malignancy)
    lacking = sorted(set(asked) - set(rows.diagnosis if by_malignancy else rows.diagnosis[is_trained]))
    if lacking:
        raise InputError(
            f"dataset.diagnoses: no image of {', '.join(trained)} has the diagnosis {', '.join(lacking)}"
        )
    return rows.diagnosis.isin(asked)


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
    pairs = read_text_table(root / adapter.duplicates, ())
    if len(pairs.columns) < 2:
        raise InputError(f"{root / adapter.duplicates}: expected two columns, an image and its copy")
    originals: dict[str, str] = {}
    for original, copy in zip(*(pairs.iloc[:, column].map(to_image_id) for column in (0, 1)), strict=True):
        # One image of each set of copies stays.
        if {original, copy} <= image_ids - originals.keys() and original != copy:
            originals[copy] = original
    return originals
