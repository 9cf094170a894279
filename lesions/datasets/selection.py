"""Which rows of a dataset are used, by what one of its columns says."""

from dataclasses import dataclass, field
from functools import cached_property

from lesions.datasets.columns import Cells, fold_word

NOT_STATED = "not stated"
"""The word for an empty cell, and for every cell of a column that the table lacks."""


@dataclass(frozen=True)
class Selection:
    """Which rows are used, by the word in one column; capitals and the number of blanks do not matter.

    Attributes
    ----------
    column
        The column, which the table may lack.
    why
        The key in `lesions.datasets.refusals.LEFT_OUT` of the rows that are not used.
    kept
        The words of the rows that are used; None for all but those of `left_out`.
    left_out
        The words of rows that are not used.
    """

    column: str
    why: str
    kept: frozenset[str] | None = None
    left_out: frozenset[str] = field(default_factory=frozenset)

    def accepts(self, cells: Cells) -> bool:
        """Return whether a row is used."""
        word = fold_word(read_stated(cells, self.column))
        return word not in self._folded_left_out and (self._folded_kept is None or word in self._folded_kept)

    @cached_property
    def _folded_kept(self) -> frozenset[str] | None:
        return None if self.kept is None else frozenset(map(fold_word, self.kept))

    @cached_property
    def _folded_left_out(self) -> frozenset[str]:
        return frozenset(map(fold_word, self.left_out))


def read_stated(cells: Cells, column: str) -> str:
    """Return the word in a column, or that there is none."""
    cell = cells.get(column)
    # The cells of a joined table that has no row for the image are NaN.
    return (cell.strip() if isinstance(cell, str) else "") or NOT_STATED
