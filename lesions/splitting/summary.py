"""Numbers that describe a split: sizes, shares and leaks."""

import hashlib
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lesions.splitting.leak import expect_leaked, find_leaked
from lesions.tables.groups import GROUPING_IDENTIFIERS


def compare_shares(table: pd.DataFrame, asked: Mapping[Any, float]) -> list[dict[str, Any]]:
    """Return one row per diagnosis and split, with the wanted and the actual share."""
    totals = table.diagnosis.value_counts().to_dict()
    cells = table.groupby(["diagnosis", "split"])
    return [
        {
            "diagnosis": diagnosis,
            "split": split,
            "share_asked": asked[diagnosis, split],
            "share_got": len(cell) / totals[diagnosis],
            "num_images": len(cell),
            "num_groups": int(cell.group_id.nunique()),
        }
        for (diagnosis, split), cell in sorted(cells)
    ]


def summarise_split(
    table: pd.DataFrame, shares: list[dict[str, Any]], image_wise_leak: dict[str, float]
) -> dict[str, Any]:
    """Return the sizes of the splits, the identifiers grouped by, and the largest deviation from a wanted share.

    The hash of the test images shows whether the scores of two runs are for the same images and diagnoses.
    """
    worst = max(shares, key=lambda row: abs(row["share_got"] - row["share_asked"]))
    test = table[table.split == "test"].sort_values("image_id")
    identifiers = table[list(GROUPING_IDENTIFIERS)]
    return {
        "grouped_by": " and ".join(name for name in GROUPING_IDENTIFIERS if table[name].notna().any()),
        "num_groups": int(table.group_id.nunique()),
        "num_images_without_patient": int(table.patient_id.isna().sum()),
        "num_images_without_identifier": int(identifiers.isna().all(axis=1).sum()),
        "largest_group": int(table.group_id.value_counts().max()),
        "num_images": table.split.value_counts().to_dict(),
        "worst_share_deviation": abs(worst["share_got"] - worst["share_asked"]),
        "worst_share_diagnosis": f"{worst['diagnosis']} in {worst['split']}",
        "leaked_test_share": float(find_leaked(table.group_id, table.split).sum() / len(test)),
        "image_wise_leaked_test_share": image_wise_leak,
        "test_images_sha256": hash_rows(test[["image_id", "sha256", "diagnosis"]]),
    }


def expect_image_wise_leak(table: pd.DataFrame) -> dict[str, float]:
    """Return the expected share of test images with a sibling in training, if images were split one by one."""
    leaked = expect_leaked(table.group_id, int((table.split == "train").sum()))
    return _average_leaks(pd.Series(leaked, index=table.index), table.diagnosis)


def count_list_leak(table: pd.DataFrame) -> dict[str, float]:
    """Return the share of listed test images that have a sibling that is not on the list."""
    split = table.is_listed.map({True: "test", False: "train"})
    leaked = pd.Series(find_leaked(table.group_id, split), index=table.index)
    return _average_leaks(leaked[table.is_listed], table.diagnosis[table.is_listed])


def _average_leaks(leaked: pd.Series, diagnosis: pd.Series) -> dict[str, float]:
    """Return the mean over all images, and over the images of each diagnosis."""
    of_diagnoses = leaked.groupby(diagnosis).mean()
    return {"all": float(leaked.mean()), **{str(name): share for name, share in of_diagnoses.items()}}


def hash_rows(table: pd.DataFrame) -> str:
    """Return the sha256 of a table's cells."""
    return hashlib.sha256(table.to_csv(index=False, lineterminator="\n").encode()).hexdigest()
