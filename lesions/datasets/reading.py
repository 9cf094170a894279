"""Reading datasets: the rows that can be used, and what is not used, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.datasets.adapter import Adapter
from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.refusals import explain, list_reasons
from lesions.datasets.registry import build_adapter
from lesions.datasets.rows import Rows, read_rows
from lesions.datasets.validation import choose_used, validate_rows
from lesions.errors import InputError
from lesions.tables.metadata import IDENTIFIERS

Unused = list[dict[str, Any]]
"""Rows and files that are not used, with the columns of `data/rejected.csv`."""


@dataclass(frozen=True)
class Reading:
    """What came of reading one dataset.

    Attributes
    ----------
    name
        Of the dataset.
    rows
        What it says of its images.
    table : (N, ...)
        The rows that can be used, with `source` and their images' properties. Of several datasets, files and
        identifiers begin with the dataset's folder, so that those of two cannot be taken for one.
    unused
        What is not used of it.
    lost
        The dataset's words for diagnoses that have no image left, and in how many rows each is.
    """

    name: str
    rows: Rows
    table: pd.DataFrame
    unused: Unused
    lost: dict[str, int]

    def select(self, kind: str) -> Unused:
        """Return what is not used for one kind of reason: refused, left_out, unlisted."""
        return [row for row in self.unused if row["kind"] == kind]

    def check_enough_are_left(self, allowed: float, rejected: Path | None) -> None:
        """Raise InputError where more rows are refused than allowed, or none can be used.

        Parameters
        ----------
        allowed
            Part of the rows.
        rejected
            The table that lists them, if there is one.
        """
        refused = self.select("refused")
        if len(refused) > allowed * len(self.rows.cells):
            raise InputError(explain(refused, len(self.rows.cells), self.rows.source, rejected, allowed))
        if self.table.empty:
            reasons = list_reasons(refused + self.select("left_out"))
            raise InputError("\n  ".join([f"{self.rows.source}: no row can be used:", *reasons]))


def read_dataset(root: Path, name: str, parameters: DatasetParameters, images: pd.DataFrame) -> Reading:
    """Read one of the datasets of the parameters, every row against its image.

    Parameters
    ----------
    root
        The folder of the dataset, or of several.
    images
        The index of all image files; `file` is relative to the root.

    Raises
    ------
    InputError
        If a table cannot be read, has no rows or lacks a column, or a word of the parameters becomes none of ours.
    """
    folder = parameters.find_folder(name)
    adapter, own = build_adapter(name, parameters), _select_folder(images, folder)
    rows = read_rows(root / folder, adapter, list(own.file))
    valid, unused = validate_rows(rows, adapter, own, root / folder)
    unused += list_unlisted(rows, adapter, own.file)
    return Reading(
        name=name,
        rows=rows,
        table=_place_in_folder(pd.DataFrame(valid).assign(source=name), folder),
        unused=[{"source": name, **row} for row in unused],
        lost=count_lost_diagnoses(rows.cells, adapter, {row["image_id"] for row in valid}),
    )


def list_unlisted(rows: Rows, adapter: Adapter, files: pd.Series) -> Unused:
    """List the image files that the dataset says nothing of."""
    names = files.map(rows.name)
    about = {"line": None, "column": "file", "kind": "unlisted"}
    reason = "lies in no folder of a diagnosis" if adapter.classes_are_folders else "no row names this file"
    is_unlisted = ~names.isin(rows.cells[adapter.id_column])
    return [
        {"image_id": name, "value": file, "reason": reason, **about}
        for name, file in zip(names[is_unlisted], files[is_unlisted], strict=True)
    ]


def count_lost_diagnoses(cells: pd.DataFrame, adapter: Adapter, used: set[str]) -> dict[str, int]:
    """Return the table's words for diagnoses that have lost all their images, and in how many rows each is."""
    column = adapter.columns["diagnosis"]
    words = cells[list(column.needed)].astype(str).apply(lambda row: column.quote(row.to_dict()), axis=1)
    parts = cells.groupby(words)[adapter.id_column]
    return {str(word): len(part) for word, part in parts if not set(part) & used}


def join_readings(
    readings: Sequence[Reading], parameters: DatasetParameters, *, by_malignancy: bool
) -> tuple[pd.DataFrame, Unused]:
    """Bring the rows of all datasets together that are used, by `dataset.diagnoses`.

    Parameters
    ----------
    by_malignancy
        Whether the networks tell malignant from benign.

    Returns
    -------
    table
        With `source`.
    unused
        What is not used of each dataset, and the rows whose diagnosis is not.

    Raises
    ------
    InputError
        If a diagnosis is asked for that there is not, or none is left.
    """
    table = pd.concat([reading.table for reading in readings], ignore_index=True)
    is_used = choose_used(table, parameters.names, parameters.diagnoses, by_malignancy=by_malignancy)
    if not is_used.any():
        raise InputError(f"dataset.diagnoses: {', '.join(parameters.names)} share no diagnosis")
    about = {"column": "diagnosis", "kind": "left_out", "reason": "this diagnosis is not used (dataset.diagnoses)"}
    others = table.loc[~is_used, ["source", "line", "image_id", "diagnosis"]].rename(columns={"diagnosis": "value"})
    unused = [row for reading in readings for row in reading.unused]
    return table[is_used], unused + [{**row, **about} for row in others.to_dict("records")]


def _select_folder(images: pd.DataFrame, folder: str) -> pd.DataFrame:
    """Return the images below a folder of the root, their files relative to it."""
    if folder == ".":
        return images
    own = images[images.file.str.startswith(f"{folder}/")]
    return own.assign(file=own.file.str.removeprefix(f"{folder}/"))


def _place_in_folder(table: pd.DataFrame, folder: str) -> pd.DataFrame:
    if folder == "." or table.empty:
        return table
    return table.assign(**{column: f"{folder}/" + table[column] for column in ("file", *IDENTIFIERS)})
