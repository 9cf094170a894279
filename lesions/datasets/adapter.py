"""How a dataset's own layout is translated into `Record`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lesions.datasets.columns import Column, OneHot
from lesions.datasets.hierarchy import Hierarchy
from lesions.datasets.selection import Selection
from lesions.errors import InputError
from lesions.tables.record import UNKNOWN, Record

FieldColumn = Column | OneHot | Hierarchy
"""What a field is read from."""


@dataclass(frozen=True)
class Adapter:
    """How to read one dataset.

    Attributes
    ----------
    tables
        The metadata files, relative to the dataset's root. The others are joined to the first by the column of
        `image_id`, or by that of `joined_by`.
    columns
        The column of each field of `Record` that the dataset has.
    optional
        The fields whose column may be missing from the tables.
    classes_are_folders
        Whether an image's folder is its diagnosis. The list of files then replaces the first table.
    duplicates
        A table of two columns, which may be missing: each row names an image and its copy.
    joined_by
        The column by which a table is joined, where that is not the one of `image_id`, such as the lesion's.
    selections
        Which rows are used, apart from those without a diagnosis.
    licence
        The column of each image's licence, if there is one.
    split_rows
        The table of each split, train, val or test, that the dataset was published with: it has the numbers, from 0,
        of rows of the first table.

    The file of an image is the one below the root whose name is its `image_id`; folders and suffix do not matter.
    """

    tables: tuple[Path, ...]
    columns: Mapping[str, FieldColumn]
    optional: frozenset[str] = frozenset()
    classes_are_folders: bool = False
    duplicates: Path | None = None
    joined_by: Mapping[Path, str] = field(default_factory=dict)
    selections: tuple[Selection, ...] = ()
    licence: str | None = None
    split_rows: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fields = Record.model_fields
        unknown, missing = set(self.columns) - set(fields), {"image_id", "diagnosis"} - set(self.columns)
        if unknown:
            raise InputError(f"{self.label}: there is no field {min(unknown)}; there are {', '.join(fields)}")
        if missing:
            raise InputError(f"{self.label}: the field {min(missing)} has no column")
        for field_name, column in self.columns.items():
            self._check_values(field_name, column)

    def _check_values(self, field_name: str, column: FieldColumn) -> None:
        """Raise InputError if a word becomes a value that the field cannot have."""
        source = getattr(column, "parameter", None) or column.named_by or f"{self.label}: {field_name}"
        allowed: TypeAdapter[Any] = TypeAdapter(Record.model_fields[field_name].rebuild_annotation())
        for word, value in column.values.items():
            try:
                allowed.validate_python(value)
            except ValidationError as error:
                said = re.sub("^(Input should be|Value error, expected) ", "", error.errors()[0]["msg"])
                hint = "; a word for 'not known' belongs in dataset.missing" if value == UNKNOWN else ""
                raise InputError(f"{source}: {word!r} becomes {value!r}, expected {said}{hint}") from error

    @property
    def label(self) -> str:
        """The adapter's name in messages."""
        return f"adapter for {self.tables[0] if self.tables else 'folders'}"

    @property
    def id_column(self) -> str:
        """The column that names the image."""
        return self.columns["image_id"].name

    @property
    def needed_columns(self) -> list[str]:
        """The columns that the tables must have; of those of a hierarchy, one is enough."""
        needed = [
            column
            for name, column in self.columns.items()
            if name not in self.optional and not isinstance(column, Hierarchy)
        ]
        return list(dict.fromkeys(name for column in needed for name in column.needed))

    @property
    def read_columns(self) -> list[str]:
        """All columns that are read where the tables have them."""
        of_fields = [name for column in self.columns.values() for name in column.needed]
        others = [selection.column for selection in self.selections] + ([self.licence] if self.licence else [])
        return list(dict.fromkeys([*of_fields, *others]))

    @property
    def column_parameters(self) -> dict[str, str]:
        """The parameter that gives each column's name, for columns that have one."""
        parameters: dict[str, str] = {}
        for column in self.columns.values():
            names = (column.name,) if isinstance(column, Column) else column.needed
            if column.named_by:
                parameters |= dict.fromkeys(names, column.named_by)
        return parameters
