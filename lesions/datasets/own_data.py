"""A user's own data: a table whose columns the parameters name, or one folder per diagnosis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column, OneHot, fold_word
from lesions.datasets.identifiers import spell_word
from lesions.datasets.sources import TableParameters
from lesions.datasets.vocabulary import WORDS, list_spellings
from lesions.tables.metadata import IDENTIFIERS
from lesions.tables.record import DiagnosisConfirmation

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
    """The columns of a dataset of one's own, as the parameters describe them.

    Attributes
    ----------
    described
        What the parameters say.
    key
        The full name of the section that says it, for messages.
    diagnoses
        Diagnoses that the parameters name elsewhere.
    """

    described: TableParameters
    key: str
    diagnoses: Sequence[str]

    def build_columns(self) -> dict[str, Column | OneHot]:
        """Return the column of each field."""
        columns: dict[str, Column | OneHot] = {}
        for field, name in self.described.columns.items():
            named_by = f"{self.key}.columns.{field}"
            columns[field] = (
                self.build_column(field, name, named_by=named_by)
                if isinstance(name, str)
                else OneHot(name, named_by=named_by)
            )
        return columns

    def build_subgroups(self) -> dict[str, Column]:
        """Return the column of each kind of subgroups."""
        return {
            subgroups: self.build_column(subgroups, name, named_by=f"{self.key}.subgroups.{subgroups}")
            for subgroups, name in self.described.subgroups.items()
        }

    def build_column(self, field: str, name: str, *, named_by: str | None) -> Column:
        """Return the column of one field, or of subgroups, with the words that it knows.

        What the parameters say goes first.
        """
        words = {
            spell_word(field, word): spell_word(field, value)
            for word, value in self.described.words.get(field, {}).items()
        }
        missing = self._find_missing(field)
        said = missing | set(map(fold_word, words))
        known = {word: value for word, value in self._list_known(field).items() if fold_word(word) not in said}
        patient = self.described.columns.get("patient_id")
        within = field == "lesion_id" and self.described.lesions_by_patient and isinstance(patient, str)
        return Column(
            name,
            values=words | known,
            missing=missing,
            takes_other_words=field not in KNOWN_WORDS,
            within=self.build_column("patient_id", str(patient), named_by=None) if within else None,
            parameter=f"{self.key}.words.{field}",
            named_by=named_by,
        )

    def _list_known(self, field: str) -> Mapping[str, str]:
        if field != "diagnosis":
            return KNOWN_WORDS.get(field, {})
        return WORDS | list_spellings([*self.diagnoses, *self.described.words.get(field, {}).values()])

    def _find_missing(self, field: str) -> frozenset[str]:
        """Return the folded words that mean "not known" in a field.

        A list is for no identifier, because a patient's number can look like such a word, and for no word of `words`.
        """
        if isinstance(self.described.missing, Mapping):
            return frozenset(fold_word(spell_word(field, word)) for word in self.described.missing.get(field, ()))
        if field in IDENTIFIERS:
            return frozenset()
        explained = set(map(fold_word, self.described.words.get(field, {})))
        return frozenset(map(fold_word, self.described.missing)) - explained


def build_table_adapter(table: Path, layout: Layout) -> Adapter:
    """Return the adapter for a table of the given layout."""
    return Adapter((table,), layout.build_columns(), subgroups=layout.build_subgroups())


def build_folder_adapter(table: Path | None, layout: Layout) -> Adapter:
    """Return the adapter for folders named after diagnoses, with an optional table about their images."""
    diagnosis = layout.build_column("diagnosis", FOLDER, named_by=None)
    return Adapter(
        () if table is None else (table,),
        {"image_id": Column(IMAGE)} | layout.build_columns() | {"diagnosis": diagnosis},
        subgroups=layout.build_subgroups(),
        classes_are_folders=True,
    )
