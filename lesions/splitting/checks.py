"""Checks that every split must pass."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.errors import InputError
from lesions.splitting.goal import ROUNDING
from lesions.splitting.summary import find_worst_share, measure_deviation
from lesions.tables.groups import GROUPING_IDENTIFIERS, name_identifiers, spell_ties

CONTRADICTED = (
    "has a copy with another diagnosis; look at data/pictures/near_duplicates.png, then correct the table, raise "
    "near_duplicates.min_correlation, or set split.conflicting_copies to keep"
)
SIBLINGS_OF_LISTED = "shares a {ties} with an image that split.test_list names, and is not on the list itself"
KEPT_APART = "shares a {ties} with an image that split.keep has in another split"


def check_diagnoses_survive(table: pd.DataFrame, used: pd.DataFrame, metadata: Path, *, why_lost: str) -> None:
    """Raise InputError if leaving images out removes a whole diagnosis.

    Parameters
    ----------
    why_lost
        Why each of these images is left out: `CONTRADICTED`, `SIBLINGS_OF_LISTED` or `KEPT_APART`.
    """
    lost = sorted(set(table.diagnosis) - set(used.diagnosis))
    if lost:
        why = why_lost.format(ties=spell_ties(name_identifiers(table)))
        raise InputError(f"{metadata}: every image of the diagnosis {', '.join(lost)} {why}")


def check_enough_groups(table: pd.DataFrame, unit: pd.Series, *, needed: int, metadata: Path) -> None:
    """Raise InputError if a diagnosis has too few groups to be in every split or fold, or is the only one."""
    num_groups = unit.groupby(table.diagnosis).nunique()
    if len(num_groups) < 2:
        (only,) = num_groups.index
        raise InputError(f"{metadata}: all images have the diagnosis {only}; there is nothing to tell apart")
    few = [f"{diagnosis} ({number})" for diagnosis, number in num_groups.items() if number < needed]
    if few:
        tie = "patient, lesion or picture" if name_identifiers(table) else "picture"
        raise InputError(
            f"{metadata}: fewer than {needed} groups (all images of one {tie}), one for each split or fold, have the "
            f"diagnosis {', '.join(few)}; add cases, or remove the rows of those diagnoses"
        )


def check_nobody_is_on_two_sides(table: pd.DataFrame) -> None:
    """Assert that no patient, lesion or group is in two splits."""
    for identifier in (*GROUPING_IDENTIFIERS, "group_id"):
        assert (table.groupby(identifier).split.nunique() == 1).all()


def check_every_diagnosis_is_in_every_split(table: pd.DataFrame, splits: Sequence[str], metadata: Path) -> None:
    """Raise InputError if a diagnosis is missing from one of `splits`."""
    present, ties = set(table.groupby(["diagnosis", "split"]).groups), spell_ties(name_identifiers(table))
    for diagnosis, split in product(sorted(set(table.diagnosis)), splits):
        if (diagnosis, split) not in present:
            raise InputError(
                f"{metadata}: found no allocation of whole groups that has the diagnosis {diagnosis} in {split}; "
                f"too many of its images are on the test list, or in split.keep, or share a {ties} with others"
            )


def check_shares(shares: list[dict[str, Any]], max_deviation: float, metadata: Path, *, is_nearest: bool) -> None:
    """Raise InputError if the share of a diagnosis in a split is too far from the wanted one.

    Parameters
    ----------
    is_nearest
        Whether it is proved that no split of whole groups has a smaller largest deviation.
    """
    worst = find_worst_share(shares)
    if measure_deviation(worst) > max_deviation + ROUNDING:
        nearer = "no split of whole groups comes nearer" if is_nearest else "this search found no nearer split"
        raise InputError(
            f"{metadata}: {worst['share_got']:.3f} of the diagnosis {worst['diagnosis']} would be in "
            f"{worst['split']}, {worst['share_asked']:.3g} is wanted; {nearer}. Add cases, or raise "
            f"split.max_share_deviation ({max_deviation:g})"
        )
