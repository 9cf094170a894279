"""Assigning images to splits: by shares alone, by a fold, by a published list, or beside an earlier split."""

from typing import Any

import numpy as np
import pandas as pd

from lesions.splitting.allocation import allocate_groups, find_allocation
from lesions.splitting.goal import Goal
from lesions.splitting.kept import follow_kept
from lesions.splitting.parameters import SplitParameters
from lesions.tables.groups import count_diagnoses
from lesions.tables.splits import DROPPED, SPLITS, TRAINED


def assign_splits(table: pd.DataFrame, unit: pd.Series, parameters: SplitParameters) -> tuple[pd.Series, bool]:
    """Assign the images to splits, whole units at a time.

    With a fold, test is one of `num_folds` equal parts; with a list, it is the listed images. Train and val then
    divide the other images in proportion to their shares. An unlisted image in a unit with a listed one is dropped.
    With an earlier split, images follow it (`follow_kept`), and new units bring the shares nearer to the wanted ones.

    Parameters
    ----------
    table : (N, ...)
        With `diagnosis`, `is_listed`, whether the test list names the image, and `earlier`, its split in the earlier
        table.
    unit : (N,) text
        What must stay together: the group, or the image alone.

    Returns
    -------
    split : (N,) text
    is_nearest
        Whether it is proved that no split of whole units has a smaller largest deviation from the wanted shares;
        never with a fold, because another division into folds may bring this one nearer, nor with an earlier split.
    """
    shares = parameters.shares.model_dump()
    if parameters.tested_by == "shares":
        return _allocate_units(table, unit, shares, parameters)
    if parameters.tested_by == "keep":
        return _extend(table, unit, parameters), False
    tested = table.is_listed if parameters.tested_by == "list" else _find_fold(table, unit, parameters)
    split = tested.map({True: "test", False: DROPPED})
    is_nearest = False
    rest = ~unit.isin(unit[tested])
    if rest.any():
        shares = _train_and_val(shares)
        split[rest], is_nearest = _allocate_units(table[tested | rest], unit[rest], shares, parameters)
    return split, is_nearest and parameters.tested_by == "list"


def compute_wanted_shares(table: pd.DataFrame, parameters: SplitParameters) -> dict[Any, float]:
    """Return, for each diagnosis and split, the share of the diagnosis's images that the split should get."""
    shares = parameters.shares.model_dump()
    diagnoses = sorted(set(table.diagnosis))
    if parameters.tested_by in ("shares", "keep"):
        return {(diagnosis, split): share for diagnosis in diagnoses for split, share in shares.items()}
    test = pd.Series(1 / parameters.num_folds, index=diagnoses)
    if parameters.tested_by == "list":
        test = table.is_listed.groupby(table.diagnosis).mean()
    parts = {"test": test} | {split: share * (1 - test) for split, share in _train_and_val(shares).items()}
    return {(diagnosis, split): float(part[diagnosis]) for split, part in parts.items() for diagnosis in diagnoses}


def _extend(table: pd.DataFrame, unit: pd.Series, parameters: SplitParameters) -> pd.Series:
    """Return the split of each image: the one that its group has already, or that of a new group."""
    split = follow_kept(table.earlier, unit)
    is_new = split.isna()
    if not is_new.any():
        return split
    counts, units, diagnoses = count_diagnoses(unit[is_new], table.diagnosis[is_new])
    used = table.assign(split=split)[split != DROPPED]
    kept = pd.crosstab(used.split, used.diagnosis).reindex(index=SPLITS, columns=diagnoses, fill_value=0)
    wanted, totals = compute_wanted_shares(used, parameters), used.diagnosis.value_counts()
    goal = Goal(
        np.array([[wanted[diagnosis, name] for diagnosis in diagnoses] for name in SPLITS]),
        np.array([totals[diagnosis] for diagnosis in diagnoses]),
        parameters.max_share_deviation,
        kept.to_numpy(),
    )
    lacking = goal.wanted.clip(min=0)
    splits, _ = find_allocation(counts, lacking / lacking.sum(axis=0), goal, seed=parameters.seed)
    return split.fillna(unit.map(dict(zip(units, np.array(SPLITS)[splits], strict=True))))


def _find_fold(table: pd.DataFrame, unit: pd.Series, parameters: SplitParameters) -> pd.Series:
    """Return which images (N,) are in the fold that tests; the folds are the same whichever of them it is."""
    counts, units, _ = count_diagnoses(unit, table.diagnosis)
    shares = np.full(parameters.num_folds, 1 / parameters.num_folds)
    folds = allocate_groups(counts, shares, seed=parameters.seed, max_deviation=parameters.max_share_deviation)
    return unit.map(dict(zip(units, folds == parameters.fold, strict=True)))


def _allocate_units(
    table: pd.DataFrame, unit: pd.Series, shares: dict[str, float], parameters: SplitParameters
) -> tuple[pd.Series, bool]:
    """Return the split of the images that have a `unit`, and whether it is proved to be the nearest; `table` has all.

    The check compares with all images of a diagnosis, those that test on a list or in a fold included.
    """
    counts, units, diagnoses = count_diagnoses(unit, table.diagnosis[unit.index])
    wanted, totals = compute_wanted_shares(table, parameters), table.diagnosis.value_counts()
    goal = Goal(
        np.array([[wanted[diagnosis, split] for diagnosis in diagnoses] for split in shares]),
        np.array([totals[diagnosis] for diagnosis in diagnoses]),
        parameters.max_share_deviation,
    )
    splits, is_nearest = find_allocation(counts, np.array(list(shares.values())), goal, seed=parameters.seed)
    return unit.map(dict(zip(units, np.array(list(shares))[splits], strict=True))), is_nearest


def _train_and_val(shares: dict[str, float]) -> dict[str, float]:
    return {split: shares[split] / sum(shares[name] for name in TRAINED) for split in TRAINED}
