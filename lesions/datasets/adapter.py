"""The seam between a dataset's own layout and `Record`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lesions.errors import InputError
from lesions.tables.record import Record


@dataclass(frozen=True)
class Column:
    """Where one field of `Record` comes from.

    Attributes
    ----------
    name
        The column in the dataset's table.
    values
        The dataset's word for each value of ours, in whatever capitals. Empty: the cell is taken as it stands.
    missing
        The cells that mean "not known", in whatever capitals; an empty cell always does.
    within
        The column within whose values the cell is numbered, so that it takes both to tell it from others.
    parameter
        Where parameters say more words, the name of the one that does.
    named_by
        Where a parameter names the column, that one.
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    within: str | None = None
    parameter: str | None = None
    named_by: str | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that the table must have."""
        return (self.name,) if self.within is None else (self.name, self.within)

    def quote(self, row: Mapping[str, str]) -> str:
        """Return what the table says, as it stands there."""
        return row[self.name]

    def read(self, row: Mapping[str, str]) -> str | None:
        """Translate the cell of one row; a word that `values` does not know raises ValueError with those it knows."""
        cell = row[self.name].strip()
        if self._is_missing(cell):
            return None
        if self.within is not None:
            outer = row[self.within].strip()
            if self._is_missing(outer):
                raise ValueError(f"is numbered within {self.within}, which is missing")
            return f"{outer}/{cell}"
        if not self.values:
            return cell
        value = self.values.get(cell, self._values_in_any_case.get(cell.casefold()))
        if value is None:
            mending = f"; {self.parameter} adds others" if self.parameter else ""
            raise ValueError(f"is unknown; known are {', '.join([*self.values, *sorted(self.missing)])}{mending}")
        return value

    def _is_missing(self, cell: str) -> bool:
        return cell == "" or cell.casefold() in self._missing_in_any_case

    @cached_property
    def _missing_in_any_case(self) -> frozenset[str]:
        return frozenset(word.casefold() for word in self.missing)

    @cached_property
    def _values_in_any_case(self) -> dict[str, str]:
        """The value of each word in small letters, but for words that only their capitals tell apart."""
        found: dict[str, set[str]] = {}
        for word, value in self.values.items():
            found.setdefault(word.casefold(), set()).add(value)
        return {word: values.pop() for word, values in found.items() if len(values) == 1}


@dataclass(frozen=True)
class OneHot:
    """A field that a table spreads over several columns, one a value, of which one says 1 in each row.

    Attributes
    ----------
    values
        For each column, the value of ours that it stands for.
    """

    values: Mapping[str, str]

    @property
    def name(self) -> str:
        """What the columns are called together."""
        return ", ".join(self.values)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that the table must have."""
        return tuple(self.values)

    def quote(self, row: Mapping[str, str]) -> str:
        """Return what the table says, as it stands there."""
        return ", ".join(f"{name} {row[name]}" for name in self.values if row[name].strip() not in ("0", "0.0"))

    def read(self, row: Mapping[str, str]) -> str:
        """Return the value whose column says 1; other numbers than one 1 and else 0 raise ValueError."""
        numbers = {"0": 0, "0.0": 0, "1": 1, "1.0": 1}
        flags = [numbers.get(row[name].strip()) for name in self.values]
        if None in flags or flags.count(1) != 1:
            raise ValueError("expected one 1, and 0 in the other columns")
        return list(self.values.values())[flags.index(1)]


@dataclass(frozen=True)
class Adapter:
    """How to read one dataset.

    Attributes
    ----------
    tables
        The metadata files, below the dataset's root. Each but the first is joined to it by the column of `image_id`.
    columns
        For each field of `Record` that the dataset can fill, its column.
    optional
        The fields whose column may be missing from the tables.
    classes_are_folders
        The diagnosis of an image is the name of its folder; the list of files takes the first table's place.
    duplicates
        A table of two columns, if it is there: the image of the second is the same picture as that of the first.

    An image's file is the one below the root whose name is the `image_id`, folders and suffix left aside in both.
    """

    tables: tuple[Path, ...]
    columns: Mapping[str, Column | OneHot]
    optional: frozenset[str] = frozenset()
    classes_are_folders: bool = False
    duplicates: Path | None = None

    def __post_init__(self) -> None:
        fields = Record.model_fields
        unknown, missing = set(self.columns) - set(fields), {"image_id", "diagnosis"} - set(self.columns)
        if unknown:
            raise InputError(f"{self.label}: there is no field {min(unknown)}; there are {', '.join(fields)}")
        if missing:
            raise InputError(f"{self.label}: the field {min(missing)} has no column")
        for field_name, column in self.columns.items():
            source = getattr(column, "parameter", None) or f"{self.label}: {field_name}"
            allowed: TypeAdapter[Any] = TypeAdapter(fields[field_name].rebuild_annotation())
            for word, value in column.values.items():
                try:
                    allowed.validate_python(value)
                except ValidationError as error:
                    expected = error.errors()[0]["msg"].removeprefix("Input should be ")
                    raise InputError(f"{source}: {word!r} becomes {value!r}, expected {expected}") from error

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"adapter for {self.tables[0] if self.tables else 'folders'}"

    @property
    def id_column(self) -> str:
        """The column that names the image."""
        return self.columns["image_id"].name

    @property
    def needed_columns(self) -> list[str]:
        """The columns that the tables must have."""
        needed = [column for field, column in self.columns.items() if field not in self.optional]
        return list(dict.fromkeys(name for column in needed for name in column.needed))

    @property
    def column_parameters(self) -> dict[str, str]:
        """The parameter that names each column, where one does."""
        columns = (column for column in self.columns.values() if isinstance(column, Column))
        return {column.name: column.named_by for column in columns if column.named_by}
