"""How a dataset's own layout is translated into `Record`."""

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
    """The column from which one field of `Record` is read.

    Attributes
    ----------
    name
        The column's name in the dataset's table.
    values
        Our value for each word of the dataset; case does not matter. If empty, the cell is taken as it is.
    missing
        The words that mean "not known"; case does not matter. An empty cell always means it.
    within
        Another column, such as the patient, if the values are unique only within it; both cells are then joined.
    parameter
        The parameter that adds words to `values`, if there is one.
    named_by
        The parameter that gives the column's name, if there is one.
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    within: str | None = None
    parameter: str | None = None
    named_by: str | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that this field is read from."""
        return (self.name,) if self.within is None else (self.name, self.within)

    def quote(self, row: Mapping[str, str]) -> str:
        """Return the cell of one row as it is in the table."""
        return row[self.name]

    def read(self, row: Mapping[str, str]) -> str | None:
        """Translate the cell of one row; None means not known.

        Raises
        ------
        ValueError
            If the word is not in `values`, or the cell of `within` is missing. The message lists the known words.
        """
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
            remedy = f"; {self.parameter} adds others" if self.parameter else ""
            raise ValueError(f"is unknown; known are {', '.join([*self.values, *sorted(self.missing)])}{remedy}")
        return value

    def _is_missing(self, cell: str) -> bool:
        return cell == "" or cell.casefold() in self._missing_in_any_case

    @cached_property
    def _missing_in_any_case(self) -> frozenset[str]:
        return frozenset(word.casefold() for word in self.missing)

    @cached_property
    def _values_in_any_case(self) -> dict[str, str]:
        """The value of each word in lower case, without words that differ only in case."""
        values_of: dict[str, set[str]] = {}
        for word, value in self.values.items():
            values_of.setdefault(word.casefold(), set()).add(value)
        return {word: values.pop() for word, values in values_of.items() if len(values) == 1}


@dataclass(frozen=True)
class OneHot:
    """A field that is one-hot encoded: one column per value, with a 1 in one of them and 0 in the others.

    Attributes
    ----------
    values
        Our value for each column.
    """

    values: Mapping[str, str]

    @property
    def name(self) -> str:
        """All the columns' names, for messages."""
        return ", ".join(self.values)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that this field is read from."""
        return tuple(self.values)

    def quote(self, row: Mapping[str, str]) -> str:
        """Return the cells of one row that are not 0, each with its column."""
        return ", ".join(f"{name} {row[name]}" for name in self.values if row[name].strip() not in ("0", "0.0"))

    def read(self, row: Mapping[str, str]) -> str:
        """Return the value whose column is 1; a row that is not one 1 and otherwise 0 raises ValueError."""
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

    The file of an image is the one below the root whose name is its `image_id`; folders and suffix do not matter.
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
        """The adapter's name in messages."""
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
        """The parameter that gives each column's name, for columns that have one."""
        columns = (column for column in self.columns.values() if isinstance(column, Column))
        return {column.name: column.named_by for column in columns if column.named_by}
