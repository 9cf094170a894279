"""How a dataset's own layout is translated into `Record`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lesions.datasets.columns import Column, OneHot
from lesions.errors import InputError
from lesions.tables.record import UNKNOWN, Record, SubgroupValue


@dataclass(frozen=True)
class Adapter:
    """How to read one dataset.

    Attributes
    ----------
    tables
        The metadata files, relative to the dataset's root. The others are joined to the first by the column of
        `image_id`.
    columns
        The column of each field of `Record` that the dataset has.
    optional
        The fields whose column may be missing from the tables.
    classes_are_folders
        Whether an image's folder is its diagnosis. The list of files then replaces the first table.
    duplicates
        A table of two columns, which may be missing: each row names an image and its copy.
    subgroups
        The column of each kind of subgroups of one's own, by the name of the subgroups.

    The file of an image is the one below the root whose name is its `image_id`; folders and suffix do not matter.
    """

    tables: tuple[Path, ...]
    columns: Mapping[str, Column | OneHot]
    optional: frozenset[str] = frozenset()
    classes_are_folders: bool = False
    duplicates: Path | None = None
    subgroups: Mapping[str, Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fields = Record.model_fields
        unknown, missing = set(self.columns) - set(fields), {"image_id", "diagnosis"} - set(self.columns)
        if unknown:
            raise InputError(f"{self.label}: there is no field {min(unknown)}; there are {', '.join(fields)}")
        if missing:
            raise InputError(f"{self.label}: the field {min(missing)} has no column")
        for field_name, column in self.all_columns.items():
            self._check_values(field_name, column)

    def _check_values(self, field_name: str, column: Column | OneHot) -> None:
        """Raise InputError if a word becomes a value that the field cannot have."""
        source = getattr(column, "parameter", None) or column.named_by or f"{self.label}: {field_name}"
        kind = SubgroupValue if field_name in self.subgroups else Record.model_fields[field_name].rebuild_annotation()
        allowed: TypeAdapter[Any] = TypeAdapter(kind)
        for word, value in column.values.items():
            try:
                allowed.validate_python(value)
            except ValidationError as error:
                said = re.sub("^(Input should be|Value error, expected) ", "", error.errors()[0]["msg"])
                belongs = column.missing_parameter if isinstance(column, Column) else None
                hint = f"; a word for 'not known' belongs in {belongs}" if belongs and value == UNKNOWN else ""
                raise InputError(f"{source}: {word!r} becomes {value!r}, expected {said}{hint}") from error

    @property
    def label(self) -> str:
        """The adapter's name in messages."""
        return f"adapter for {self.tables[0] if self.tables else 'folders'}"

    @property
    def all_columns(self) -> dict[str, Column | OneHot]:
        """The column of each field, and of each kind of subgroups."""
        return {**self.columns, **self.subgroups}

    @property
    def id_column(self) -> str:
        """The column that names the image."""
        return self.columns["image_id"].name

    @property
    def needed_columns(self) -> list[str]:
        """The columns that the tables must have."""
        needed = [column for field, column in self.all_columns.items() if field not in self.optional]
        return list(dict.fromkeys(name for column in needed for name in column.needed))

    @property
    def column_parameters(self) -> dict[str, str]:
        """The parameter that gives each column's name, for columns that have one."""
        parameters: dict[str, str] = {}
        for column in self.all_columns.values():
            names = column.needed if isinstance(column, OneHot) else (column.name,)
            if column.named_by:
                parameters |= dict.fromkeys(names, column.named_by)
        return parameters
