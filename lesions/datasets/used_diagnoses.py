"""Choosing the images that are used, by their diagnosis."""

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from lesions.errors import InputError


def choose_used(
    rows: pd.DataFrame,
    trained: Sequence[str],
    asked: Literal["all", "shared"] | Sequence[str],
    *,
    by_malignancy: bool,
) -> pd.Series:
    """Return which rows (N,) are used, by their diagnosis.

    Parameters
    ----------
    rows : (N, ...)
        With `source` and `diagnosis`.
    trained
        The datasets to train on; images of other datasets can be scored only if one of these has their diagnosis.
    asked
        The parameter dataset.diagnoses.
    by_malignancy
        Whether the networks classify malignant against benign. Any diagnosis can then be scored, so all images of the
        other datasets are used, except those that a list excludes.

    Raises
    ------
    InputError
        If a listed diagnosis has no image.
    """
    is_trained = rows.source.isin(trained)
    diagnoses = [set(rows.diagnosis[rows.source == source]) for source in trained]
    if isinstance(asked, str):
        used = set.union(*diagnoses) if asked == "all" else set.intersection(*diagnoses)
        return rows.diagnosis.isin(used) | (~is_trained & by_malignancy)
    lacking = sorted(set(asked) - set(rows.diagnosis if by_malignancy else rows.diagnosis[is_trained]))
    if lacking:
        raise InputError(
            f"dataset.diagnoses: no image of {', '.join(trained)} has the diagnosis {', '.join(lacking)}"
        )
    return rows.diagnosis.isin(asked)
