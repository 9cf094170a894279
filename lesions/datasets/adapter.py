"""The seam between a dataset's own layout and `Record`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lesions.datasets.record import Record
from lesions.errors import InputError


@dataclass(frozen=True)
class Column:
    """Where one field of `Record` comes from.

    Attributes
    ----------
    name
        The column in the dataset's table.
    values
        The dataset's word for each value of ours. Empty: the cell is taken as it stands.
    missing
        The cells that mean "not known"; an empty cell always does.
    within
        The column within whose values the cell is numbered, so that it takes both to tell it from others.
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    within: str | None = None

    def read(self, row: Mapping[str, str]) -> str | None:
        """Translate the cell of one row; a word that `values` does not know raises ValueError with those it knows."""
        cell = row[self.name].strip()
        if cell == "" or cell in self.missing:
            return None
        if self.within is not None:
            return f"{row[self.within].strip()}/{cell}"
        if not self.values:
            return cell
        if cell not in self.values:
            raise ValueError(f"is unknown; known are {', '.join([*self.values, *sorted(self.missing)])}")
        return self.values[cell]


@dataclass(frozen=True)
class Adapter:
    """How to read one dataset.

    Attributes
    ----------
    table
        The metadata file, below the dataset's root.
    columns
        For each field of `Record` that the dataset can fill, its column.
    optional
        The fields whose column may be missing from the table.

    An image's file is the one below the root whose name is the `image_id`, folders and suffix left aside in both.
    """

    table: Path
    columns: Mapping[str, Column]
    optional: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        fields = Record.model_fields
        unknown, missing = set(self.columns) - set(fields), {"image_id", "diagnosis"} - set(self.columns)
        if unknown:
            raise InputError(
                f"adapter for {self.table}: there is no field {min(unknown)}; there are {', '.join(fields)}"
            )
        if missing:
            raise InputError(f"adapter for {self.table}: the field {min(missing)} has no column")
        for field_name, column in self.columns.items():
            allowed: TypeAdapter[Any] = TypeAdapter(fields[field_name].rebuild_annotation())
            for word, value in column.values.items():
                try:
                    allowed.validate_python(value)
                except ValidationError as error:
                    expected = error.errors()[0]["msg"].removeprefix("Input should be ")
                    raise InputError(
                        f"adapter for {self.table}: {field_name}: {word!r} becomes {value!r}, expected {expected}"
                    ) from error

    @property
    def needed_columns(self) -> list[str]:
        """The columns that the table must have."""
        needed = [column for field, column in self.columns.items() if field not in self.optional]
        outer = [column.within for column in needed if column.within is not None]
        return list(dict.fromkeys([*(column.name for column in needed), *outer]))
