"""A team's own data: any table whose columns are named in parameters, or a folder a diagnosis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from lesions.datasets.adapter import Adapter, Column, OneHot
from lesions.datasets.ham10000 import HAM10000
from lesions.tables.record import UNKNOWN, Diagnosis, DiagnosisConfirmation, FieldName

IMAGE, FOLDER = "(image)", "(folder)"
"""Columns of the list of files, where folders say the diagnosis."""

CHOICES: dict[str, tuple[str, ...]] = {
    "diagnosis": (*get_args(Diagnosis), UNKNOWN),
    "diagnosis_confirmation": get_args(DiagnosisConfirmation),
    "sex": ("female", "male"),
}
"""Fields that have a set of values: our own words need no translation."""

FOLDER_WORDS = {
    **HAM10000.columns["diagnosis"].values,
    "pigmented benign keratosis": "benign_keratosis",
    "scc": "squamous_cell_carcinoma",
    "seborrheic keratosis": "benign_keratosis",
    **{name.replace("_", " "): name for name in get_args(Diagnosis)},
}
"""What folders of published collections are called, beside our own words; `words.diagnosis` adds others."""


@dataclass(frozen=True)
class Layout:
    """What parameters say of a table: the column of each field, its words for ours, and what means "not known"."""

    columns: Mapping[FieldName, str]
    words: Mapping[FieldName, Mapping[str, str]]
    missing: Sequence[str]
    lesions_by_patient: bool

    def build_columns(self) -> dict[str, Column | OneHot]:
        """Return where each field comes from; what is missing of a diagnosis is an unknown one."""
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
    """Return how a table is read whose columns and words are given by field."""
    return Adapter((table,), layout.build_columns())


def build_folder_adapter(table: Path | None, layout: Layout) -> Adapter:
    """Return how folders named by diagnoses are read, and a table beside them."""
    folder_words = FOLDER_WORDS | _own_words("diagnosis") | dict(layout.words.get("diagnosis", {}))
    diagnosis = Column(FOLDER, values=folder_words, parameter="dataset.words.diagnosis")
    return Adapter(
        () if table is None else (table,),
        {"image_id": Column(IMAGE)} | layout.build_columns() | {"diagnosis": diagnosis},
        classes_are_folders=True,
    )


def _own_words(field: str) -> dict[str, str]:
    return {value: value for value in CHOICES.get(field, ())}
