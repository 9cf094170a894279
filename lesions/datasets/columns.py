"""The columns from which the fields of `Record` are read, and the words in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Optional, Protocol
from unicodedata import normalize

Cells = Mapping[Any, str]
"""The cells of one row, by column."""


def fold_word(word: str) -> str:
    """Return the form in which words are compared: composed, in lower case, each run of blanks one blank."""
    return " ".join(normalize("NFC", word).casefold().split())


@dataclass(frozen=True)
class Column:
    """The column from which one field of `Record` is read.

    Attributes
    ----------
    name
        The column's name in the dataset's table.
    values
        Our value for each word of the dataset; capitals and the number of blanks do not matter.
    missing
        The words that mean "not known", likewise. An empty cell always means it.
    takes_other_words
        Whether a cell that is not in `values` is taken as it is; it always is if `values` is empty.
    within
        Another column, such as the patient, if the values are unique only within it; both values are then joined.
    parameter
        The parameter that adds words to `values`, if there is one.
    named_by
        The parameter that gives the column's name, if there is one.
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    takes_other_words: bool = False
    within: Optional["Column"] = None
    parameter: str | None = None
    named_by: str | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that this field is read from."""
        return (self.name,) if self.within is None else (self.name, *self.within.needed)

    def quote(self, row: Cells) -> str:
        """Return the cell of one row as it is in the table."""
        return row[self.name]

    def find_word(self, row: Cells) -> str:
        """Return the dataset's word in one row."""
        return row[self.name].strip()

    def read(self, row: Cells) -> str | None:
        """Translate the cell of one row; None means not known.

        Raises
        ------
        UnknownWordError
            If the word is not in `values`, and others are not taken.
        ValueError
            If the value of `within` is not known.
        """
        cell = self.find_word(row)
        if fold_word(cell) in self._folded_missing:
            return None
        value = self._translate(cell)
        if self.within is None:
            return value
        outer = self.within.read(row)
        if outer is None:
            raise ValueError(f"is numbered within {self.within.name}, which is missing")
        return f"{outer}/{value}"

    def _translate(self, cell: str) -> str:
        value = self.values.get(cell, self._folded_values.get(fold_word(cell)))
        if value is not None:
            return value
        if self.takes_other_words or not self.values:
            return cell
        raise UnknownWordError(self)

    @cached_property
    def _folded_missing(self) -> frozenset[str]:
        return frozenset({"", *map(fold_word, self.missing)})

    @cached_property
    def _folded_values(self) -> dict[str, str]:
        """The value of each folded word, without words that folding would confuse."""
        values_of: dict[str, set[str]] = {}
        for word, value in self.values.items():
            values_of.setdefault(fold_word(word), set()).add(value)
        return {word: values.pop() for word, values in values_of.items() if len(values) == 1}


class KnowsWords(Protocol):
    """A column, or several, whose words have values."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def values(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def missing(self) -> frozenset[str]: ...  # noqa: D102
    @property
    def parameter(self) -> str | None: ...  # noqa: D102


class UnknownWordError(ValueError):
    """Raised for a word that a column does not know; the message lists those that it knows."""

    def __init__(self, column: KnowsWords) -> None:
        remedy = f"; {column.parameter} adds others" if column.parameter else ""
        super().__init__(f"is unknown; known are {list_known_words(column)}{remedy}")
        self.column = column


def list_known_words(column: KnowsWords) -> str:
    """Return the words that a column knows, without those that only have blanks for underscores."""
    words = [word for word in column.values if word.replace(" ", "_") not in {*column.values} - {word}]
    return ", ".join(dict.fromkeys([*words, *sorted(column.missing)]))


@dataclass(frozen=True)
class OneHot:
    """A field that is one-hot encoded: one column per value, with a 1 in at most one of them and 0 in the others.

    Attributes
    ----------
    values
        Our value for each column.
    named_by
        The parameter that names the columns, if there is one.
    """

    values: Mapping[str, str]
    named_by: str | None = None

    @property
    def name(self) -> str:
        """All the columns' names, for messages."""
        return ", ".join(self.values)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that this field is read from."""
        return tuple(self.values)

    def quote(self, row: Cells) -> str:
        """Return the cells of one row that are not 0, each with its column."""
        return ", ".join(f"{name} {row[name]}" for name in self.values if row[name].strip() not in ("0", "0.0"))

    def find_word(self, row: Cells) -> str:
        """Return the name of the column that is 1, or nothing."""
        return next((name for name in self.values if row[name].strip() in ("1", "1.0")), "")

    def read(self, row: Cells) -> str | None:
        """Return the value whose column is 1; None if all are 0 or all are empty.

        Raises
        ------
        ValueError
            If several columns are 1, or one is neither 1 nor 0.
        """
        cells = [row[name].strip() for name in self.values]
        ones = [cell in ("1", "1.0") for cell in cells]
        if sum(ones) > 1 or (any(cells) and not {*cells} <= {"0", "0.0", "1", "1.0"}):
            raise ValueError("expected at most one 1, and 0 in the other columns")
        return self.values[self.find_word(row)] if any(ones) else None
