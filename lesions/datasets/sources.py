"""How the parameters describe datasets of one's own: their tables, and their folders that are named by diagnosis."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self, get_args
from unicodedata import category

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from lesions.datasets.columns import fold_word
from lesions.datasets.identifiers import spell_word
from lesions.formats.spelling import fold_spelling
from lesions.parameters.strict import Section
from lesions.tables.metadata import IDENTIFIERS
from lesions.tables.record import UNKNOWN, DiagnosisName, FieldName, SubgroupName

Kind = Literal["csv", "image_folder"]
"""What a dataset of one's own is: a table that names the images, or folders named after diagnoses."""

OWN: tuple[Kind, ...] = get_args(Kind)
"""The kinds; a single dataset of one's own may have its kind as its name."""

Text = Annotated[str, Field(min_length=1)]

DiagnosisOfColumn = Annotated[dict[Text, DiagnosisName | Literal["unknown"]], Field(min_length=2)]
"""The diagnosis of each column of a one-hot table."""

SourceName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,49}$")]
"""The name of a dataset of one's own, of lower-case letters, digits and `_`."""


def _stays_inside(path: str) -> str:
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ValueError(f"expected a path below dataset.root, got {path!r:.80}")
    return has_no_control_characters(path)


def has_no_control_characters(path: str) -> str:
    """Return a path; raise ValueError if it has control characters."""
    if any(category(character) == "Cc" for character in path):
        raise ValueError(f"expected the path of a file or a folder, without control characters, got {path!r:.80}")
    return path


InnerPath = Annotated[Text, AfterValidator(_stays_inside)]
"""A path below dataset.root."""


class TableParameters(Section):
    """How a table of one's own is read, and the folders that are named after diagnoses.

    Attributes
    ----------
    table
        The table of `csv`, or the optional table of `image_folder`.
    columns
        Its column of each field. That of the diagnosis may also give the diagnosis of each column, one of which is 1.
    subgroups
        Its columns that become subgroups, by the name of the subgroups.
    words
        Our value for each word, by field or subgroups.
    missing
        The words that mean "not known", by field or subgroups, or as a list for all but the identifiers.
    lesions_by_patient
        Whether lesion numbers are unique only within a patient.
    """

    table: InnerPath | None
    columns: dict[FieldName, Text | DiagnosisOfColumn]
    subgroups: dict[SubgroupName, Text]
    words: dict[str, dict[str, str]]
    missing: tuple[str, ...] | dict[str, tuple[str, ...]]
    lesions_by_patient: bool

    @property
    def missing_by_field(self) -> Mapping[str, tuple[str, ...]]:
        """The words that mean "not known" where they are given for each field, otherwise nothing."""
        return self.missing if isinstance(self.missing, dict) else {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is described; a list of missing words alone describes nothing."""
        described = self.table, self.columns, self.subgroups, self.words, self.missing_by_field
        return not any((*described, self.lesions_by_patient))

    def check(self, kind: Kind) -> None:
        """Raise ValueError if these parameters contradict themselves, or do not describe a dataset of this kind."""
        self._check_columns(kind)
        self._check_one_hot()
        self._check_words(kind)

    def _check_columns(self, kind: Kind) -> None:
        if kind == "csv":
            lacking = [name for name in ("image_id", "diagnosis") if name not in self.columns]
            if self.table is None or lacking:
                raise ValueError(f"csv needs {'table' if self.table is None else f'columns.{lacking[0]}'}")
        elif (self.table is None) != (not self.columns):
            raise ValueError("table and columns need each other")
        elif self.columns and "image_id" not in self.columns:
            raise ValueError(
                "image_folder with a table needs columns.image_id, the column that names each row's image"
            )
        elif "diagnosis" in self.columns:
            raise ValueError(
                "columns.diagnosis: with image_folder the folders are the diagnoses; use csv to read a column"
            )
        if self.subgroups and self.table is None:
            raise ValueError("subgroups needs table and columns.image_id, the column that names each row's image")
        if self.lesions_by_patient and not {"patient_id", "lesion_id"} <= set(self.columns):
            raise ValueError("lesions_by_patient needs columns.patient_id and columns.lesion_id")
        identifiers = {
            fold_spelling(column): field
            for field, column in self.columns.items()
            if field in IDENTIFIERS and isinstance(column, str)
        }
        for name, column in self.subgroups.items():
            if field := identifiers.get(fold_spelling(column)):
                raise ValueError(f"subgroups.{name}: {column} is columns.{field}; an identifier is no subgroup")

    def _check_one_hot(self) -> None:
        for field, column in self.columns.items():
            if isinstance(column, dict) and field != "diagnosis":
                raise ValueError(f"columns.{field}: expected the name of a column; only diagnosis can have several")
            if isinstance(column, dict) and (field in self.words or field in self.missing_by_field):
                key = "words" if field in self.words else "missing"
                raise ValueError(f"{key}.{field} has no word to explain, for columns.{field} names several columns")

    def _check_words(self, kind: Kind) -> None:
        known = {*self.columns, *self.subgroups} | ({"diagnosis"} if kind == "image_folder" else set())
        for key, fields in (("words", self.words), ("missing", self.missing_by_field)):
            if unknown := sorted({*fields} - known):
                if unknown[0] in get_args(FieldName):
                    raise ValueError(f"{key}.{unknown[0]} has no column; columns.{unknown[0]} is missing")
                names = ", ".join(name for name in get_args(FieldName) if (key, name) != ("words", "image_id"))
                raise ValueError(f"{key}: expected {names} or a name in subgroups, got {unknown[0]!r:.80}")
        if "image_id" in self.words:
            raise ValueError("words.image_id: an image is named as its file is; correct the table instead")
        for field in self.words:
            self._check_meanings(field)

    def _check_meanings(self, field: str) -> None:
        """Raise ValueError if the words of a field contradict each other, or what is always not known."""
        missing = {fold_word(spell_word(field, word)) for word in self.missing_by_field.get(field, ())}
        words, first = self.words[field], dict[str, str]()
        for word, value in words.items():
            spelled = spell_word(field, word)
            if fold_word(spelled) in missing:
                raise ValueError(f"words.{field} and missing.{field} both have {word!r}; say it in one of them")
            if fold_word(spelled) == "" and value != UNKNOWN:
                said = repr(word) if word.strip() else "an empty cell"
                raise ValueError(f"words.{field}: {said} always means 'not known', and cannot be {value!r}")
            if spell_word(field, value) == "" != value:
                hint = f"a word for 'not known' belongs in missing.{field}"
                raise ValueError(f"words.{field}: {word!r} becomes {value!r}; {hint}")
            if words[first.setdefault(spelled, word)] != value:
                raise ValueError(f"words.{field}: {first[spelled]!r} and {word!r} are one word, and cannot be two")


class Source(TableParameters):
    """One dataset of one's own, an item of the list `dataset.sources`.

    Attributes
    ----------
    name
        Its name in `dataset.names` or `dataset.external`.
    kind
        What it is: a table, or folders named after diagnoses.
    folder
        Its folder, relative to `dataset.root`; None if it has the usual one.
    same_patients_as
        Another dataset in which the same identifier means the same patient, and the same lesion; None if there is
        none, so that its patients and lesions are in no other dataset.
    """

    name: SourceName
    kind: Kind
    folder: InnerPath | None = None
    same_patients_as: Text | None = None
    table: InnerPath | None = None
    columns: dict[FieldName, Text | DiagnosisOfColumn] = Field(default_factory=dict)
    subgroups: dict[SubgroupName, Text] = Field(default_factory=dict)
    words: dict[str, dict[str, str]] = Field(default_factory=dict)
    missing: tuple[str, ...] | dict[str, tuple[str, ...]] = ()
    lesions_by_patient: bool = False

    @model_validator(mode="after")
    def _describes_its_kind(self) -> Self:
        try:
            self.check(self.kind)
            if self.same_patients_as is not None and not {"patient_id", "lesion_id"} & {*self.columns}:
                raise ValueError("same_patients_as needs columns.patient_id or columns.lesion_id")
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from error
        return self
