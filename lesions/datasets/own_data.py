"""A user's own data: a table whose columns the parameters name, or one folder per diagnosis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column, OneHot, fold_word
from lesions.datasets.vocabulary import WORDS, list_spellings
from lesions.tables.metadata import IDENTIFIERS
from lesions.tables.record import DiagnosisConfirmation, FieldName

IMAGE, FOLDER = "(image)", "(folder)"
"""Columns of the list of files that replaces the table when folders are diagnoses."""

KNOWN_WORDS: dict[str, dict[str, str]] = {
    "diagnosis": WORDS,
    "diagnosis_confirmation": {value: value for value in get_args(DiagnosisConfirmation)},
    "sex": {"female": "female", "male": "male"},
}
"""The words that need no translation, for each field that has a fixed set; other fields take any cell."""


@dataclass(frozen=True)
class Layout:
    """The layout of a table as the parameters give it.

    Attributes
    ----------
    columns
        The column of each field, or the diagnosis of each column.
    words
        Our value for each word of a field.
    missing
        The words that mean "not known", of each field, or a list for all fields but the identifiers.
    diagnoses
        Diagnoses that the parameters name.
    lesions_by_patient
        Whether lesion numbers are unique only within a patient.
    """

    columns: Mapping[FieldName, str | Mapping[str, str]]
    words: Mapping[FieldName, Mapping[str, str]]
    missing: Sequence[str] | Mapping[FieldName, Sequence[str]]
    diagnoses: Sequence[str]
    lesions_by_patient: bool

    def build_columns(self) -> dict[str, Column | OneHot]:
        """Return the column of each field."""
        columns: dict[str, Column | OneHot] = {}
        for field, name in self.columns.items():
            named_by = f"dataset.columns.{field}"
            columns[field] = (
                self.build_column(field, name, named_by=named_by)
                if isinstance(name, str)
                else OneHot(name, named_by=named_by)
            )
        return columns

    def build_column(self, field: FieldName, name: str, *, named_by: str | None) -> Column:
        """Return the column of one field, with the words that it knows; what the parameters say goes first."""
        words, missing = dict(self.words.get(field, {})), self._find_missing(field)
        said = missing | set(map(fold_word, words))
        known = {word: value for word, value in self._list_known(field).items() if fold_word(word) not in said}
        patient = self.columns.get("patient_id")
        within = field == "lesion_id" and self.lesions_by_patient and isinstance(patient, str)
        return Column(
            name,
            values=words | known,
            missing=missing,
            takes_other_words=field not in KNOWN_WORDS,
            within=self.build_column("patient_id", str(patient), named_by=None) if within else None,
            parameter=f"dataset.words.{field}",
            named_by=named_by,
        )

    def _list_known(self, field: FieldName) -> Mapping[str, str]:
        if field != "diagnosis":
            return KNOWN_WORDS.get(field, {})
        return WORDS | list_spellings([*self.diagnoses, *self.words.get(field, {}).values()])

    def _find_missing(self, field: FieldName) -> frozenset[str]:
        """Return the folded words that mean "not known" in a field.

        A list is for no identifier, because a patient's number can look like such a word, and for no word of `words`.
        """
        if isinstance(self.missing, Mapping):
            return frozenset(map(fold_word, self.missing.get(field, ())))
        if field in IDENTIFIERS:
            return frozenset()
        return frozenset(map(fold_word, self.missing)) - set(map(fold_word, self.words.get(field, {})))


def build_table_adapter(table: Path, layout: Layout) -> Adapter:
    """Return the adapter for a table of the given layout."""
    return Adapter((table,), layout.build_columns())


def build_folder_adapter(table: Path | None, layout: Layout) -> Adapter:
    """Return the adapter for folders named after diagnoses, with an optional table about their images."""
    diagnosis = layout.build_column("diagnosis", FOLDER, named_by=None)
    return Adapter(
        () if table is None else (table,),
        {"image_id": Column(IMAGE)} | layout.build_columns() | {"diagnosis": diagnosis},
        classes_are_folders=True,
    )
