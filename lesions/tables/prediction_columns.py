"""The columns of prediction tables: reading them as they are, and refusing those that cannot be right."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.errors import EmptyDataError, ParserError, ParserWarning

from lesions.errors import InputError

IDENTIFIERS = ["image_id", "group_id", "split"]

ROUNDING = 1e-5
"""Difference of a column from the one that the logits give, which rounding to six decimals explains."""


def read_columns(path: Path) -> pd.DataFrame:
    """Read a prediction table as it is.

    Raises
    ------
    InputError
        If the file is missing, is no table, or lacks a column that each prediction table has.
    """
    text = dict.fromkeys([*IDENTIFIERS, "y_true", "y_pred"], "str")
    try:
        with warnings.catch_warnings():
            # pandas only warns about rows that are longer than the header.
            warnings.simplefilter("error", ParserWarning)
            table = pd.read_csv(path, dtype=text, keep_default_na=False, index_col=False)
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file; run the stage that writes it") from error
    except (EmptyDataError, ParserError, ParserWarning, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a table of predictions ({' '.join(str(error).split())})") from error
    missing = [name for name in [*IDENTIFIERS, "y_true"] if name not in table]
    missing += ["logit_<class>"] if table.filter(regex="^logit_").empty else []
    if missing:
        raise InputError(f"{path}: not a table of predictions: it has no {' and no '.join(missing)}, or no row")
    return table


def list_classes(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the classes that have a column of logits, in the order of the columns."""
    return tuple(name.removeprefix("logit_") for name in table.columns if name.startswith("logit_"))


def check_probabilities(path: Path, table: pd.DataFrame, y_prob: NDArray[np.float64]) -> None:
    """Refuse a table whose probabilities, if it has any, are not those of its logits, (N, K).

    Raises
    ------
    InputError
        The message names the line and the value.
    """
    for code, name in enumerate(list_classes(table)):
        column = f"prob_{name}"
        if column in table:
            numbers = pd.to_numeric(table[column], errors="coerce").to_numpy()
            # Written so that NaN, from a cell that is no number, counts as wrong.
            wrong = ~(np.abs(numbers - y_prob[:, code]) <= ROUNDING)
            refuse_first(path, table, wrong, column, "it is not the probability that the logits give")


def refuse_first(path: Path, table: pd.DataFrame, wrong: NDArray[np.bool_], column: str, problem: str) -> None:
    """Raise InputError for the first row of a mask (N,), if there is one; the message has its line and value."""
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        value = f"{table[column].iloc[row]!s:.80}"
        raise InputError(f"{path}, line {row + 2}: {column} {value!r}: {problem}; run the stage that writes it again")
