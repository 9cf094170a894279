"""What must be true of a split, and is looked at every time."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.splitting.groups import GROUPING_IDENTIFIERS
from lesions.splitting.parameters import SPLITS


def check_enough_groups(counts: NDArray[np.int64], diagnoses: list[str], metadata: Path) -> None:
    """Refuse diagnoses that cannot be in every split."""
    num_groups = dict(zip(diagnoses, (counts > 0).sum(axis=0), strict=True))
    if len(diagnoses) < 2:
        raise InputError(f"{metadata}: all images have the diagnosis {diagnoses[0]}; there is nothing to tell apart")
    few = [f"{diagnosis} ({number})" for diagnosis, number in num_groups.items() if number < len(SPLITS)]
    if few:
        raise InputError(
            f"{metadata}: fewer than {len(SPLITS)} groups of images that share no patient or lesion, one for each "
            f"split, have the diagnosis {', '.join(few)}; add cases, or remove the rows of those diagnoses"
        )


def check_nobody_is_on_two_sides(table: pd.DataFrame) -> None:
    """Make sure that no patient, lesion or group is in two splits."""
    for identifier in (*GROUPING_IDENTIFIERS, "group_id"):
        assert (table.groupby(identifier).split.nunique() == 1).all()


def check_every_diagnosis_is_in_every_split(table: pd.DataFrame, metadata: Path) -> None:
    """Refuse a split from which a diagnosis is missing."""
    present = set(zip(table.diagnosis, table.split, strict=True))
    for diagnosis, split in product(sorted(set(table.diagnosis)), SPLITS):
        if (diagnosis, split) not in present:
            raise InputError(
                f"{metadata}: found no allocation of whole groups that has the diagnosis {diagnosis} in {split}; "
                "too many of its images share patients or lesions with others"
            )


def check_shares(shares: list[dict[str, Any]], max_deviation: float, metadata: Path) -> None:
    """Refuse a diagnosis whose share of a split is far from what was asked."""
    for row in shares:
        if abs(row["share_got"] - row["share_asked"]) > max_deviation:
            raise InputError(
                f"{metadata}: {row['share_got']:.3f} of the diagnosis {row['diagnosis']} would be in {row['split']}, "
                f"{row['share_asked']:g} was asked; whole patients come no nearer. Add cases, or raise "
                f"split.max_share_deviation ({max_deviation:g})"
            )
