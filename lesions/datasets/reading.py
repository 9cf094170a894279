"""Reading a dataset into the rows that can be used, and a list of what is not used and why."""

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.datasets.adapter import Adapter, FieldColumn
from lesions.datasets.columns import Cells
from lesions.datasets.identifiers import Identifiers, explain_similar, unify_identifiers
from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.refusals import explain_refusals, list_reasons
from lesions.datasets.registry import build_adapter
from lesions.datasets.rows import Rows, read_rows
from lesions.datasets.similar_spellings import SimilarIdentifiers
from lesions.datasets.validation import validate_rows
from lesions.errors import InputError
from lesions.tables.groups import GROUPING_IDENTIFIERS
from lesions.tables.record import UNKNOWN

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
        The rows that can be used, with `source`, `word`, the dataset's word for the diagnosis, and their images'
        properties. With several datasets, files and identifiers start with the dataset's folder, so that those of two
        datasets never coincide; with `same_patients_as`, patients and lesions start with that dataset's.
    unused
        The rows and files that are not used.
    lost
        The number of rows of each diagnosis that has no image left, by the dataset's word for it; a word for "not
        known" is none.
    identifiers
        What was found among its identifiers, by field.
    """

    name: str
    rows: Rows
    table: pd.DataFrame
    unused: Unused
    lost: dict[str, int]
    identifiers: dict[str, Identifiers]

    def select(self, kind: str) -> Unused:
        """Return the unused rows or files of one kind: refused, left_out, passed_over or unlisted."""
        return [row for row in self.unused if row["kind"] == kind]

    def list_notes(self, similar: SimilarIdentifiers) -> list[str]:
        """Say what was guessed and what was passed over in the tables, and what was found among the identifiers."""
        return [*self.rows.notes] + [
            words for found in self.identifiers.values() for words in found.describe(similar)
        ]

    def check_identifiers(self, similar: SimilarIdentifiers) -> None:
        """Raise InputError if identifiers may be one in two spellings, and dataset.similar_identifiers is ask."""
        if similar == "ask" and any(found.similar for found in self.identifiers.values()):
            raise InputError(explain_similar(self.rows.source, self.identifiers))

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
    read = read_rows(root / folder, adapter, own, only_photographs=parameters.only_photographs)
    cells, identifiers = unify_identifiers(read.cells, adapter, join=parameters.similar_identifiers == "join")
    rows = replace(read, cells=cells)
    valid, unused = validate_rows(rows, adapter, root=root / folder)
    unused += list_unlisted(rows, adapter)
    return Reading(
        name=name,
        rows=rows,
        table=_prefix_folder(
            pd.DataFrame(valid).assign(source=name), folder, numbering=parameters.find_numbering(name)
        ),
        unused=[{"source": name, **row} for row in unused],
        lost=count_lost_diagnoses(rows.cells, adapter, {row["image_id"] for row in valid}),
        identifiers=identifiers,
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
    rows = cells[list(column.needed)].astype(str).to_dict("records")
    named = [column.quote(row) if names_a_diagnosis(column, row) else None for row in rows]
    parts = cells[adapter.id_column].groupby(pd.Series(named, cells.index, dtype=object))
    return {str(word): len(part) for word, part in parts if not set(part) & used}


def names_a_diagnosis(column: FieldColumn, cells: Cells) -> bool:
    """Return whether a row has a diagnosis, or a word that may be one."""
    try:
        return column.read(cells) not in (None, UNKNOWN)
    except ValueError:
        return True


def _select_folder(images: pd.DataFrame, folder: str) -> pd.DataFrame:
    """Return the images below a folder of the root, with `file` relative to that folder."""
    if folder == ".":
        return images
    own = images[images.file.str.startswith(f"{folder}/")]
    return own.assign(file=own.file.str.removeprefix(f"{folder}/"))


def _prefix_folder(table: pd.DataFrame, folder: str, *, numbering: str) -> pd.DataFrame:
    """Put the folder in front of files and images, and the one of `numbering` in front of patients and lesions."""
    if folder == "." or table.empty:
        return table
    folders = dict.fromkeys(("file", "image_id"), folder) | dict.fromkeys(GROUPING_IDENTIFIERS, numbering)
    return table.assign(**{column: f"{prefix}/" + table[column] for column, prefix in folders.items()})
