"""A user's own data: a table whose columns the parameters name, or one folder per diagnosis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from lesions.datasets.adapter import Adapter, Column, OneHot
from lesions.datasets.ham10000 import HAM10000
from lesions.tables.record import UNKNOWN, Diagnosis, DiagnosisConfirmation, FieldName

IMAGE, FOLDER = "(image)", "(folder)"
"""Columns of the list of files that replaces the table when folders are diagnoses."""

CHOICES: dict[str, tuple[str, ...]] = {
    "diagnosis": (*get_args(Diagnosis), UNKNOWN),
    "diagnosis_confirmation": get_args(DiagnosisConfirmation),
    "sex": ("female", "male"),
}
"""The values of fields that have a fixed set; a table that uses these needs no translation."""

FOLDER_WORDS = {
    **HAM10000.columns["diagnosis"].values,
    "pigmented benign keratosis": "benign_keratosis",
    "scc": "squamous_cell_carcinoma",
    "seborrheic keratosis": "benign_keratosis",
    **{name.replace("_", " "): name for name in get_args(Diagnosis)},
}
"""The diagnosis of each known folder name, from published collections and our own; `words.diagnosis` adds more."""


@dataclass(frozen=True)
class Layout:
    """The layout of a table as the parameters give it: columns, words for our values, and words for "not known"."""

    columns: Mapping[FieldName, str]
    words: Mapping[FieldName, Mapping[str, str]]
    missing: Sequence[str]
    lesions_by_patient: bool

    def build_columns(self) -> dict[str, Column | OneHot]:
        """Return the column of each field; a missing diagnosis becomes `UNKNOWN`."""
        columns: dict[str, Column | OneHot] = {}
        for field, name in self.columns.items():
            values = _own_words(field) | dict(self.words.get(field, {}))
            missing = frozenset(self.missing)
            if field == "diagnosis":
                values, missing = values | dict.fromkeys(self.missing, UNKNOWN), frozenset()
            within = self.columns["patient_id"] if field == "lesion_id" and self.lesions_by_patient else None
            columns[field] = Column(
                name,
                values=values,
                missing=missing,
                within=within,
                parameter=f"dataset.words.{field}",
                named_by=f"dataset.columns.{field}",
            )
        return columns


def build_table_adapter(table: Path, layout: Layout) -> Adapter:
    """Return the adapter for a table of the given layout."""
    return Adapter((table,), layout.build_columns())


def build_folder_adapter(table: Path | None, layout: Layout) -> Adapter:
    """Return the adapter for folders named after diagnoses, with an optional table about their images."""
    folder_words = FOLDER_WORDS | _own_words("diagnosis") | dict(layout.words.get("diagnosis", {}))
    diagnosis = Column(FOLDER, values=folder_words, parameter="dataset.words.diagnosis")
    return Adapter(
        () if table is None else (table,),
        {"image_id": Column(IMAGE)} | layout.build_columns() | {"diagnosis": diagnosis},
        classes_are_folders=True,
    )


def _own_words(field: str) -> dict[str, str]:
    return {value: value for value in CHOICES.get(field, ())}
