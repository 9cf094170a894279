"""Fields that are read from several columns, each finer than the one before."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lesions.datasets.columns import Cells, UnknownWordError, fold_word
from lesions.tables.record import MAX_NAME_LENGTH

COARSE = ("benign", "malignant")
"""Diagnoses that say only the side; what is told more exactly, and has no name here, is another of its side."""


@dataclass(frozen=True)
class Hierarchy:
    """A field that is read from several columns, of which a table may lack some, but not all.

    The finest word that has a value counts. If that value is only `benign` or `malignant`, and there is a finer word,
    the diagnosis is `other_benign` or `other_malignant`.

    Attributes
    ----------
    names
        The columns, from the coarsest to the finest.
    values
        Our value for each word; capitals and the number of blanks do not matter. If it is empty, the finest word is
        taken as it is.
    missing
        The words that mean "not known", likewise. An empty cell always means it.
    as_name
        Whether the finest word is taken as the name of a diagnosis: in lower case, with underscores, and cut to the
        longest name that is allowed.
    parameter, named_by
        As for `Column`: no parameter adds words to a published hierarchy, or names its columns.
    """

    names: tuple[str, ...]
    values: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    as_name: bool = False
    parameter: None = None
    named_by: None = None

    @property
    def name(self) -> str:
        """All the columns' names, for messages."""
        return ", ".join(self.names)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that this field is read from; those that a table lacks are filled in as empty."""
        return self.names

    def quote(self, row: Cells) -> str:
        """Return the words of one row, from the coarsest to the finest."""
        return ": ".join(self._list_words(row))

    def find_word(self, row: Cells) -> str:
        """Return the finest word in one row, or nothing."""
        return next(iter(self._list_words(row)[::-1]), "")

    def read(self, row: Cells) -> str | None:
        """Translate the words of one row; None means not known.

        Raises
        ------
        UnknownWordError
            If none of the words is in `values`.
        """
        words = self._list_words(row)
        if not words:
            return None
        if not self.values:
            return name_word(words[-1]) if self.as_name else words[-1]
        for word in reversed(words):
            value = self._folded_values.get(fold_word(word))
            if value is not None:
                return f"other_{value}" if value in COARSE and word is not words[-1] else value
        raise UnknownWordError(self)

    def _list_words(self, row: Cells) -> list[str]:
        words = [row[name].strip() for name in self.names]
        return [word for word in words if word and fold_word(word) not in self._folded_missing]

    @cached_property
    def _folded_values(self) -> dict[str, str]:
        return {fold_word(word): value for word, value in self.values.items()}

    @cached_property
    def _folded_missing(self) -> frozenset[str]:
        return frozenset(map(fold_word, self.missing))


def name_word(word: str) -> str:
    """Return a word as the name of a diagnosis: melanoma_in_situ for `Melanoma in situ`."""
    return re.sub("[^a-z0-9]+", "_", word.casefold())[:MAX_NAME_LENGTH].strip("_")
