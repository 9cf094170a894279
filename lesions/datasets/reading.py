"""Reading a dataset into the rows that can be used, and a list of what is not used and why."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.datasets.adapter import Adapter
from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.refusals import explain_refusals, list_reasons
from lesions.datasets.registry import build_adapter
from lesions.datasets.rows import Rows, read_rows
from lesions.datasets.validation import choose_used, validate_rows
from lesions.errors import InputError
from lesions.tables.metadata import IDENTIFIERS

Unused = list[dict[str, Any]]
"""The rows and files that are not used, with the columns of `data/rejected.csv`."""


@dataclass(frozen=True)
class Reading:
    """One dataset, read and validated.

    Attributes
    ----------
    name
        The dataset's name.
    rows
        All rows of its tables.
    table : (N, ...)
        The rows that can be used, with `source` and their images' properties. With several datasets, files and
        identifiers start with the dataset's folder, so that those of two datasets never coincide.
    unused
        The rows and files that are not used.
    lost
        The number of rows of each diagnosis that has no image left, by the dataset's word for it.
    """

    name: str
    rows: Rows
    table: pd.DataFrame
    unused: Unused
    lost: dict[str, int]

    def select(self, kind: str) -> Unused:
        """Return the unused rows or files of one kind: refused, left_out, passed_over or unlisted."""
        return [row for row in self.unused if row["kind"] == kind]

    def describe_files(self) -> list[str]:
        """Return one line per folder that was stepped over, and per reason for which files were passed over."""
        wrapper = self.rows.wrapper
        stepped = [f"stepped over the folder {wrapper}, which holds all images"] if wrapper else []
        files: dict[str, list[str]] = defaultdict(list)
        for row in self.select("passed_over"):
            files[row["reason"]].append(row["value"])
        return stepped + [f"{len(same):,} × {reason} (first: {same[0]})" for reason, same in files.items()]

    def check_enough_are_left(self, allowed: float, rejected: Path | None) -> None:
        """Raise InputError if more rows are refused than allowed, or none can be used.

        Parameters
        ----------
        allowed
            The largest fraction of rows that may be refused.
        rejected
            The table that lists the refused rows, if it has been written.
        """
        refused = self.select("refused")
        if len(refused) > allowed * len(self.rows.cells):
            message = explain_refusals(
                refused,
                num_rows=len(self.rows.cells),
                source=self.rows.source,
                rejected=rejected,
                allowed=allowed,
            )
            raise InputError(message)
        if self.table.empty:
            reasons = list_reasons(refused + self.select("left_out"))
            raise InputError("\n  ".join([f"{self.rows.source}: no row can be used:", *reasons]))


def read_dataset(root: Path, name: str, parameters: DatasetParameters, *, images: pd.DataFrame) -> Reading:
    """Read one dataset of the parameters, and validate each row and its image.

    Parameters
    ----------
    root
        The folder of the dataset, or the one that holds several datasets.
    images
        The index of all image files; `file` is relative to the root.

    Raises
    ------
    InputError
        If a table cannot be read, has no rows or lacks a column, or if the parameters translate a word to an unknown
        value.
    """
    folder = parameters.find_folder(name)
    adapter, own = build_adapter(name, parameters), _select_folder(images, folder)
    rows = read_rows(root / folder, adapter, own, only_photographs=parameters.only_photographs)
    valid, unused = validate_rows(rows, adapter, root=root / folder)
    unused += list_unlisted(rows, adapter)
    return Reading(
        name=name,
        rows=rows,
        table=_prefix_folder(pd.DataFrame(valid).assign(source=name), folder),
        unused=[{"source": name, **row} for row in unused],
        lost=count_lost_diagnoses(rows.cells, adapter, {row["image_id"] for row in valid}),
    )


def list_unlisted(rows: Rows, adapter: Adapter) -> Unused:
    """List the image files that are passed over, and those that no row names."""
    reason = "lies in no folder of a diagnosis" if adapter.classes_are_folders else "no row names this file"
    named = set(rows.cells[adapter.id_column])
    unlisted = {file: reason for file in rows.images.files if rows.to_image_id(file) not in named}
    return [
        {
            "line": None,
            "image_id": rows.to_image_id(file),
            "column": "file",
            "value": file,
            "kind": kind,
            "reason": reason,
        }
        for kind, files in (("passed_over", rows.images.passed_over), ("unlisted", unlisted))
        for file, reason in sorted(files.items())
    ]


def count_lost_diagnoses(cells: pd.DataFrame, adapter: Adapter, used: set[str]) -> dict[str, int]:
    """Return the number of rows of each diagnosis that has no used image, by the table's word for it."""
    column = adapter.columns["diagnosis"]
    words = cells[list(column.needed)].astype(str).apply(lambda row: column.quote(row.to_dict()), axis=1)
    parts = cells.groupby(words)[adapter.id_column]
    return {str(word): len(part) for word, part in parts if not set(part) & used}


def join_readings(
    readings: Sequence[Reading], parameters: DatasetParameters, *, by_malignancy: bool
) -> tuple[pd.DataFrame, Unused]:
    """Join the rows of all datasets, and leave out those whose diagnosis `dataset.diagnoses` excludes.

    Parameters
    ----------
    by_malignancy
        Whether the networks classify malignant against benign.

    Returns
    -------
    table
        The rows that are used, with `source`.
    unused
        What each dataset does not use, and the rows whose diagnosis is excluded.

    Raises
    ------
    InputError
        If a listed diagnosis has no image, or no diagnosis is left.
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
    """Return the images below a folder of the root, with `file` relative to that folder."""
    if folder == ".":
        return images
    own = images[images.file.str.startswith(f"{folder}/")]
    return own.assign(file=own.file.str.removeprefix(f"{folder}/"))


def _prefix_folder(table: pd.DataFrame, folder: str) -> pd.DataFrame:
    if folder == "." or table.empty:
        return table
    return table.assign(**{column: f"{folder}/" + table[column] for column in ("file", *IDENTIFIERS)})
