"""Images that several rows of a dataset are about: whether these rows say the same."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from lesions.datasets.adapter import Adapter
from lesions.datasets.refusals import LeftOutError, RefusedError
from lesions.errors import quote_value

MAX_LISTED = 5
"""More lines or values of one image are not listed in messages."""


@dataclass(frozen=True)
class Repeated:
    """An image that several rows are about.

    Attributes
    ----------
    id_column, image_id
        The column that names the image, and its name.
    first_line
        The line of its first row.
    differing
        The first column in which its rows disagree; None if there is none.
    detail
        Some of the lines and of the values that disagree.
    """

    id_column: str
    image_id: str
    first_line: int
    differing: str | None
    detail: str

    def check(self, line: int) -> None:
        """Raise LeftOutError for a row that repeats an earlier one, and RefusedError for all rows that disagree."""
        if self.differing is not None:
            reason = f"rows about one image disagree about {self.differing}"
            raise RefusedError(self.id_column, self.image_id, reason, self.detail)
        if line != self.first_line:
            detail = f"the one on line {self.first_line}"
            raise LeftOutError(self.id_column, self.image_id, "repeats an earlier row", detail, why="repeated")


def find_repeated(cells: pd.DataFrame, adapter: Adapter) -> dict[str, Repeated]:
    """Return the images that several rows are about, by `image_id`; each is judged once."""
    id_column = adapter.id_column
    used = dict.fromkeys(name for column in adapter.all_columns.values() for name in column.needed if name in cells)
    images = cells[cells[id_column].duplicated(keep=False)].groupby(id_column)
    is_differing = images[[name for name in used if name != id_column]].nunique() > 1
    found = {}
    for (image_id, same), differs in zip(images, is_differing.to_numpy(), strict=True):
        differing = next((str(name) for name, is_one in zip(is_differing, differs, strict=True) if is_one), None)
        detail = ""
        if differing is not None:
            detail = f"lines {_list_some(same.index)}: {_list_some(map(quote_value, same[differing].unique()))}"
        found[str(image_id)] = Repeated(id_column, str(image_id), same.index[0], differing, detail)
    return found


def _list_some(values: Iterable[object]) -> str:
    """Return some values in words, and how many others there are."""
    words = list(map(str, values))
    others = len(words) - MAX_LISTED
    return ", ".join(words[:MAX_LISTED]) + (f" and {others} others" if others > 0 else "")
