"""The section `dataset`."""

import unicodedata
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from lesions.datasets.columns import fold_word
from lesions.datasets.isic_archive import IsicArchiveParameters
from lesions.parameters.strict import Section
from lesions.tables.paths import SYNTHETIC_ROOT, describe_overlap
from lesions.tables.record import UNKNOWN, DiagnosisName, FieldName

OWN = ("csv", "image_folder")
"""Datasets whose layout the parameters describe."""

ISIC = "isic_archive"
"""The dataset that the section of this name is for."""

NAMES = (
    *OWN,
    *("bcn20000", "ddi", "derm7pt", "fitzpatrick17k", "ham10000", "isic2018", "isic2018_test", "isic2019", ISIC),
    *("milk10k", "pad_ufes_20", "ph2", "siim_isic_2020", "slice_3d", "synthetic"),
)

SimilarIdentifiers = Literal["ask", "join", "keep"]
"""Whether identifiers that may be one in two spellings stop the run, are joined, or are kept apart."""

Text = Annotated[str, Field(min_length=1)]

DiagnosisOfColumn = Annotated[dict[Text, DiagnosisName | Literal["unknown"]], Field(min_length=2)]
"""The diagnosis of each column of a one-hot table."""


def _is_known(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"expected one of {', '.join(NAMES)}, got {name!r}")
    return name


def _stays_inside(table: str) -> str:
    if PurePosixPath(table).is_absolute() or ".." in PurePosixPath(table).parts:
        raise ValueError(f"expected a file below dataset.root, got {table!r}")
    return table


def _has_no_control_characters(root: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in root):
        raise ValueError(f"expected the path of a folder, without control characters, got {root!r}")
    return root


DatasetName = Annotated[str, AfterValidator(_is_known)]


class DatasetParameters(Section):
    """The section `dataset`.

    Attributes
    ----------
    names
        The datasets to train on.
    external
        The datasets that are only scored.
    root
        The dataset's folder; with several datasets, the folder that holds one folder per dataset, by its name.
    diagnoses
        Which images are used: all, those with a diagnosis that every dataset of `names` has (shared), or those with a
        diagnosis on this list.
    only_photographs
        Whether masks, thumbnails and the like, known by their names, are passed over.
    table, columns, words
        How the table of `csv` is read, or the optional table of `image_folder`. `columns.diagnosis` may also give the
        diagnosis of each column, one of which is 1.
    missing
        The words that mean "not known", of each field, or as a list for all fields but the identifiers.
    lesions_by_patient
        Whether lesion numbers are unique only within a patient.
    similar_identifiers
        What to do with patients or lesions that may be one in two spellings: stop (ask), join or keep apart (keep).
    isic_archive
        Which images of the ISIC archive are used, and how their diagnoses are read; None for other datasets.
    """

    names: Annotated[tuple[DatasetName, ...], Field(min_length=1)]
    external: tuple[DatasetName, ...]
    root: Annotated[Text, AfterValidator(_has_no_control_characters)]
    diagnoses: Literal["all", "shared"] | Annotated[tuple[DiagnosisName, ...], Field(min_length=2)]
    only_photographs: bool
    max_rejected_fraction: Annotated[float, Field(ge=0, le=1)]
    table: Annotated[str, Field(min_length=1), AfterValidator(_stays_inside)] | None
    columns: dict[FieldName, Text | DiagnosisOfColumn]
    words: dict[FieldName, dict[str, str]]
    missing: tuple[str, ...] | dict[FieldName, tuple[str, ...]]
    lesions_by_patient: bool
    similar_identifiers: SimilarIdentifiers
    isic_archive: IsicArchiveParameters | None

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        twice = sorted({name for name in self.all_names if self.all_names.count(name) > 1})
        if twice:
            raise ValueError(f"names and external name {', '.join(twice)} more than once")
        return self

    @model_validator(mode="after")
    def _archive_has_its_section(self) -> Self:
        if (ISIC in self.all_names) != (self.isic_archive is not None):
            raise ValueError(
                "isic_archive needs a section with level, licences and image_types, as in "
                "presets/datasets/isic_archive.yaml"
                if self.isic_archive is None
                else f"isic_archive belongs to the dataset of this name, got {', '.join(self.all_names)}; "
                "set it to null"
            )
        return self

    @model_validator(mode="after")
    def _layout_belongs_to_own_data(self) -> Self:
        own = [name for name in self.all_names if name in OWN]
        if len(own) > 1:
            raise ValueError(f"table and columns can describe one dataset only, got {' and '.join(own)}")
        if not own and (self.table is not None or self.columns or self.words or self.missing_by_field):
            raise ValueError(
                f"table, columns, words and missing by field belong to {' and '.join(OWN)}, "
                f"got {', '.join(self.names)}"
            )
        if self.lesions_by_patient and not {"patient_id", "lesion_id"} <= set(self.columns):
            raise ValueError("lesions_by_patient needs columns.patient_id and columns.lesion_id")
        columns = {*self.columns} | ({"diagnosis"} if own == ["image_folder"] else set())
        for key, fields in (("words", self.words), ("missing", self.missing_by_field)):
            if {*fields} - columns:
                field = min({*fields} - columns)
                raise ValueError(f"{key}.{field} has no column; columns.{field} is missing")
        if own == ["csv"]:
            lacking = [name for name in ("image_id", "diagnosis") if name not in self.columns]
            if self.table is None or lacking:
                raise ValueError(f"csv needs {'table' if self.table is None else f'columns.{lacking[0]}'}")
        if own == ["image_folder"] and (self.table is None) != (not self.columns):
            raise ValueError("table and columns need each other")
        if own == ["image_folder"] and self.columns and "image_id" not in self.columns:
            raise ValueError(
                "image_folder with a table needs columns.image_id, the column that names each row's image"
            )
        if own == ["image_folder"] and "diagnosis" in self.columns:
            raise ValueError(
                "columns.diagnosis: with image_folder the folders are the diagnoses; use csv to read a column"
            )
        return self

    @model_validator(mode="after")
    def _one_hot_columns_are_of_diagnoses(self) -> Self:
        for field, column in self.columns.items():
            if isinstance(column, dict) and field != "diagnosis":
                raise ValueError(f"columns.{field}: expected the name of a column; only diagnosis can have several")
            if isinstance(column, dict) and (field in self.words or field in self.missing_by_field):
                key = "words" if field in self.words else "missing"
                raise ValueError(f"{key}.{field} has no word to explain, for columns.{field} names several columns")
        return self

    @model_validator(mode="after")
    def _words_mean_one_thing(self) -> Self:
        for field, words in self.words.items():
            missing = set(map(fold_word, self.missing_by_field.get(field, ())))
            for word, value in words.items():
                if fold_word(word) in missing:
                    raise ValueError(f"words.{field} and missing.{field} both have {word!r}; say it in one of them")
                if fold_word(word) == "" and value != UNKNOWN:
                    raise ValueError(
                        f"words.{field}: an empty cell always means 'not known', and cannot be {value!r}"
                    )
        return self

    @model_validator(mode="after")
    def _no_folder_is_written_by_the_run(self) -> Self:
        if overlap := describe_overlap(Path(self.root)):
            raise ValueError(
                f"dataset.root {overlap}, which the run writes, got {self.root!r:.80}; keep the images in a folder "
                "of their own, such as data/raw/mine"
            )
        for name, folder in zip(self.all_names, self.folders, strict=True):
            if name != "synthetic" and describe_overlap(Path(self.root, folder), [SYNTHETIC_ROOT]):
                raise ValueError(
                    f"dataset.names and dataset.external are {', '.join(self.all_names)}, but dataset.root is "
                    f"{self.root:.80}; {SYNTHETIC_ROOT} is the folder of synthetic and of no other dataset"
                )
        return self

    @property
    def missing_by_field(self) -> dict[FieldName, tuple[str, ...]]:
        """The words that mean "not known" where they are given for each field, otherwise nothing."""
        return self.missing if isinstance(self.missing, dict) else {}

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names of all datasets: those to train on, then those only to score."""
        return self.names + self.external

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders of all datasets, relative to the root."""
        return tuple(map(self.find_folder, self.all_names))

    def find_folder(self, name: str) -> str:
        """Return the folder of a dataset, relative to the root."""
        return "." if len(self.all_names) == 1 else name
