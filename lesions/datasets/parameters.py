"""The section `dataset`."""

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from lesions.parameters.section import Section
from lesions.tables.record import Diagnosis, FieldName

OWN = ("csv", "image_folder")
"""Datasets whose layout the parameters describe."""

NAMES = (*OWN, "ham10000", "isic2018_test", "isic2019", "pad_ufes_20", "siim_isic_2020", "synthetic")

Text = Annotated[str, Field(min_length=1)]


def _is_known(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"expected one of {', '.join(NAMES)}, got {name!r}")
    return name


def _stays_inside(table: str) -> str:
    if PurePosixPath(table).is_absolute() or ".." in PurePosixPath(table).parts:
        raise ValueError(f"expected a file below dataset.root, got {table!r}")
    return table


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
    table, columns, words, missing
        How the table of `csv` is read, or the optional table of `image_folder`.
    lesions_by_patient
        Whether lesion numbers are unique only within a patient.
    """

    names: Annotated[tuple[DatasetName, ...], Field(min_length=1)]
    external: tuple[DatasetName, ...]
    root: Text
    diagnoses: Literal["all", "shared"] | Annotated[tuple[Diagnosis, ...], Field(min_length=2)]
    only_photographs: bool
    max_rejected_fraction: Annotated[float, Field(ge=0, le=1)]
    table: Annotated[str, Field(min_length=1), AfterValidator(_stays_inside)] | None
    columns: dict[FieldName, Text]
    words: dict[FieldName, dict[str, str]]
    missing: tuple[str, ...]
    lesions_by_patient: bool

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        twice = sorted({name for name in self.all_names if self.all_names.count(name) > 1})
        if twice:
            raise ValueError(f"names and external name {', '.join(twice)} more than once")
        return self

    @model_validator(mode="after")
    def _layout_belongs_to_own_data(self) -> Self:
        own = [name for name in self.all_names if name in OWN]
        if len(own) > 1:
            raise ValueError(f"table and columns can describe one dataset only, got {' and '.join(own)}")
        if not own and (self.table is not None or self.columns or self.words):
            raise ValueError(f"table, columns and words belong to {' and '.join(OWN)}, got {', '.join(self.names)}")
        if self.lesions_by_patient and not {"patient_id", "lesion_id"} <= set(self.columns):
            raise ValueError("lesions_by_patient needs columns.patient_id and columns.lesion_id")
        wordy = sorted(set(self.words) - set(self.columns) - ({"diagnosis"} if own == ["image_folder"] else set()))
        if wordy:
            raise ValueError(f"words.{wordy[0]} has no column; columns.{wordy[0]} is missing")
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
