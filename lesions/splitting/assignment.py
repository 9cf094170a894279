"""Assigning images to splits: by shares alone, by a fold, or by a published list."""

from typing import Any

import numpy as np
import pandas as pd

from lesions.splitting.allocation import allocate_groups
from lesions.splitting.parameters import SplitParameters
from lesions.tables.groups import count_diagnoses
from lesions.tables.splits import DROPPED, TRAINED


def assign_splits(table: pd.DataFrame, unit: pd.Series, parameters: SplitParameters) -> pd.Series:
    """Assign the images to splits, whole units at a time.

    With a fold, test is one of `num_folds` equal parts; with a list, it is the listed images. Train and val then
    divide the other images in proportion to their shares. An unlisted image in a unit with a listed one is dropped.

    Parameters
    ----------
    table : (N, ...)
        With `diagnosis`, and `is_listed`, whether the test list names the image.
    unit : (N,) text
        What must stay together: the group, or the image alone.

    Returns
    -------
    (N,) text
    """
    shares = parameters.shares.model_dump()
    if parameters.tested_by == "shares":
        return _allocate_units(table, unit, shares, seed=parameters.seed)
    tested = table.is_listed
    if parameters.tested_by == "fold":
        folds = {str(fold): 1 / parameters.num_folds for fold in range(parameters.num_folds)}
        tested = _allocate_units(table, unit, folds, seed=parameters.seed) == str(parameters.fold)
    split = tested.map({True: "test", False: DROPPED})
    rest = ~unit.isin(unit[tested])
    if rest.any():
        split[rest] = _allocate_units(table[rest], unit[rest], _train_and_val(shares), seed=parameters.seed)
    return split


def compute_wanted_shares(table: pd.DataFrame, parameters: SplitParameters) -> dict[Any, float]:
    """Return, for each diagnosis and split, the share of the diagnosis's images that the split should get."""
    shares = parameters.shares.model_dump()
    diagnoses = sorted(set(table.diagnosis))
    if parameters.tested_by == "shares":
        return {(diagnosis, split): share for diagnosis in diagnoses for split, share in shares.items()}
    test = pd.Series(1 / parameters.num_folds, index=diagnoses)
    if parameters.tested_by == "list":
        test = table.is_listed.groupby(table.diagnosis).mean()
    parts = {"test": test} | {split: share * (1 - test) for split, share in _train_and_val(shares).items()}
    return {(diagnosis, split): float(part[diagnosis]) for split, part in parts.items() for diagnosis in diagnoses}


def _allocate_units(table: pd.DataFrame, unit: pd.Series, shares: dict[str, float], *, seed: int) -> pd.Series:
    counts, units, _ = count_diagnoses(unit, table.diagnosis)
    allocation = allocate_groups(counts, np.array(list(shares.values())), seed=seed)
    return unit.map(dict(zip(units, np.array(list(shares))[allocation], strict=True)))


def _train_and_val(shares: dict[str, float]) -> dict[str, float]:
    return {split: shares[split] / sum(shares[name] for name in TRAINED) for split in TRAINED}
