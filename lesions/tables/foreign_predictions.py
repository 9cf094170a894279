"""Predictions in somebody else's table: any columns, paths for images, and any words or numbers for classes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.errors import InputError, quote_value
from lesions.tables.csv_table import read_text_table

IMAGE = ("image_id", "image", "filename", "file", "isic_id", "img_id", "path")
TRUTH = ("y_true", "true_label", "label", "target", "diagnosis")
PREDICTED = ("y_pred", "predicted_label", "prediction", "predicted")
PREFIXES = ("prob_", "probability_class_", "probability_", "proba_")

SPLIT = "split"

ROUNDING = 0.01
"""How far the sum of an image's probabilities may be from 1."""


@dataclass(frozen=True)
class Names:
    """The columns of a table of predictions; None for one that is to be found by its name.

    Attributes
    ----------
    image, truth, predicted
        The columns that name the image, its true class and its predicted class.
    prefix
        What the columns of the probabilities begin with, before the name of the class.
    """

    image: str | None = None
    truth: str | None = None
    predicted: str | None = None
    prefix: str | None = None


@dataclass(frozen=True)
class ForeignPredictions:
    """A table of predictions, with its own words for the classes.

    Attributes
    ----------
    image : (N,) text
        The cells that name the images.
    words : (K,)
        The words for the classes, in the order of the columns of probabilities.
    truth, predicted : (N,) text or None
        The words for the true and the predicted classes, where the table has them.
    y_prob : (N, K) float
        The probabilities.
    line : (N,) int
        The line of the file on which each row begins.
    notes
        Which column was read for what, and what was left out, in words.
    """

    image: pd.Series
    words: tuple[str, ...]
    truth: pd.Series | None
    predicted: pd.Series | None
    y_prob: NDArray[np.float64]
    line: NDArray[np.int64]
    notes: tuple[str, ...]


def read_foreign_predictions(path: Path, names: Names, *, split: str = "test") -> ForeignPredictions:
    """Read a table of predictions in any layout.

    Parameters
    ----------
    split
        The value of the column `split` of the rows that are read, if there is such a column.

    Raises
    ------
    InputError
        If a column is missing, an image is there twice, or probabilities are not from 0 to 1 or do not sum to 1. The
        message names the line and the value.
    """
    cells = read_text_table(path, ()).cells
    if cells.empty:
        raise InputError(f"{path}: the table has no rows")
    notes = []
    if SPLIT in cells:
        chosen = cells[SPLIT].str.strip() == split
        notes.append(f"{int((~chosen).sum())} rows whose {SPLIT} is not {split} are left out")
        cells = cells[chosen]
        if cells.empty:
            raise InputError(f"{path}: no row has the {SPLIT} {split} (--split)")
    image = _choose(path, cells, names.image, IMAGE, "--image")
    truth = _choose(path, cells, names.truth, TRUTH, "--truth", needed=False)
    predicted = _choose(path, cells, names.predicted, PREDICTED, "--predicted", needed=False)
    assert image is not None
    others = cells.drop(columns=[name for name in (image, truth, predicted, SPLIT) if name in cells])
    columns = _list_probabilities(path, others, names.prefix)
    y_prob = np.stack([_read_numbers(path, cells[column]) for column in columns.values()], axis=1)
    sums = y_prob.sum(axis=1)
    _refuse(path, cells.index, np.abs(sums - 1) > ROUNDING, lambda row: f"the probabilities sum to {sums[row]:.4g}")
    twice = cells[image].duplicated().to_numpy()
    _refuse(path, cells.index, twice, lambda row: f"{image} {quote_value(cells[image].iloc[row])} is there twice")
    used = {"images": image, "true classes": truth, "predicted classes": predicted}
    said = [f"{what} from the column {column}" for what, column in used.items() if column]
    first, *_, last = columns.values()
    return ForeignPredictions(
        cells[image],
        tuple(columns),
        None if truth is None else cells[truth].str.strip(),
        None if predicted is None else cells[predicted].str.strip(),
        y_prob,
        cells.index.to_numpy(),
        (*notes, f"{', '.join(said)}, probabilities from {first} to {last}"),
    )


def _choose(
    path: Path, cells: pd.DataFrame, named: str | None, usual: Sequence[str], option: str, *, needed: bool = True
) -> str | None:
    """Return the column that the user named, or the first of the usual names that is there."""
    if named is not None and named not in cells:
        raise InputError(f"{path}: there is no column {quote_value(named)} ({option}); {_list_columns(cells)}")
    found = named or next((name for name in usual if name in cells), None)
    if found is None and needed:
        raise InputError(
            f"{path}: no column is one of {', '.join(usual)}; name it with {option}; {_list_columns(cells)}"
        )
    return found


def _list_probabilities(path: Path, cells: pd.DataFrame, prefix: str | None) -> dict[str, str]:
    """Return the column of the probabilities of each class, by the word for the class."""
    prefixes = PREFIXES if prefix is None else (prefix,)
    for one in prefixes:
        columns = {name.removeprefix(one): name for name in map(str, cells.columns) if name.startswith(one)}
        if len(columns) > 1:
            return columns
    raise InputError(
        f"{path}: fewer than two columns begin with {' or '.join(map(quote_value, prefixes))}; say with --prefix "
        f"what the columns of probabilities begin with; {_list_columns(cells)}"
    )


def _list_columns(cells: pd.DataFrame) -> str:
    names = [quote_value(name)[1:-1] for name in cells.columns]
    return f"it has {', '.join(names[:20])}{f' and {len(names) - 20} others' if len(names) > 20 else ''}"


def _read_numbers(path: Path, cells: pd.Series) -> NDArray[np.float64]:
    """Return probabilities (N,), each from 0 to 1."""
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    # Written so that NaN, from a cell that is no number, is refused too.
    outside = ~((numbers >= 0) & (numbers <= 1))
    _refuse(
        path,
        cells.index,
        outside,
        lambda row: f"{cells.name} {quote_value(cells.iloc[row])}: expected a probability from 0 to 1",
    )
    return numbers


def _refuse(path: Path, lines: pd.Index, wrong: NDArray[np.bool_], describe: Callable[[int], str]) -> None:
    """Raise InputError for the first row of a mask (N,), if there is one."""
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        others = f" ({int(wrong.sum())} such rows)" if wrong.sum() > 1 else ""
        raise InputError(f"{path}, line {lines[row]}: {describe(row)}{others}")
