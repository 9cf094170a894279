"""Numbers and sentences that describe a split: sizes, shares and leaks."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from lesions.splitting.leak import expect_leaked, find_leaked
from lesions.tables.groups import GROUPING_IDENTIFIERS
from lesions.tables.splits import DROPPED, EXTERNAL, SPLITS


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


def count_left_out(table: pd.DataFrame, external: pd.DataFrame) -> dict[str, int]:
    """Count the images that are in no split, by the reason, and those of other datasets."""
    return {
        "num_conflicting_images": int(table.is_conflicting.sum()),
        "num_conflicting_images_dropped": int(table.is_dropped.sum()),
        "num_siblings_of_listed_dropped": int((table.split == DROPPED).sum() - table.is_dropped.sum()),
        "num_external_images": int((external.split == EXTERNAL).sum()),
        "num_external_images_dropped": int((external.split == DROPPED).sum()),
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


def describe_split(summary: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that tell the user how the images were split."""
    sizes = ", ".join(f"{summary['num_images'][split]} {split}" for split in SPLITS)
    if summary["grouped_by"]:
        yield f"images: {sizes}; {summary['num_groups']} groups by {summary['grouped_by']}"
        yield (
            f"{summary['leaked_test_share']:.1%} of the test images have a sibling in training; in a split image by "
            f"image, or by the list alone, {summary['image_wise_leaked_test_share']['all']:.1%} would have one"
        )
    else:
        yield (
            f"images: {sizes}; the data name no patient and no lesion: only copies are kept together, and how many "
            "test images have a sibling in training cannot be known"
        )
    if summary["num_conflicting_images"]:
        yield (
            f"{summary['num_conflicting_images']} images have copies with another diagnosis; "
            f"{summary['num_conflicting_images_dropped']} were dropped (split.conflicting_copies)"
        )
    if summary["num_siblings_of_listed_dropped"]:
        yield (
            f"{summary['num_siblings_of_listed_dropped']} images that split.test_list does not name were dropped: "
            "they share a patient, a lesion or the picture with one that it names"
        )
    if summary["num_external_images"] or summary["num_external_images_dropped"]:
        yield (
            f"{summary['num_external_images']} images of other datasets will only be scored; "
            f"{summary['num_external_images_dropped']} were dropped, because they share a patient, a lesion or the "
            "picture with the datasets to train on, or have copies with another diagnosis"
        )


def _average_leaks(leaked: pd.Series, diagnosis: pd.Series) -> dict[str, float]:
    """Return the mean over all images, and over the images of each diagnosis."""
    of_diagnoses = leaked.groupby(diagnosis).mean()
    return {"all": float(leaked.mean()), **{str(name): share for name, share in of_diagnoses.items()}}


def hash_rows(table: pd.DataFrame) -> str:
    """Return the sha256 of a table's cells."""
    return hashlib.sha256(table.to_csv(index=False, lineterminator="\n").encode()).hexdigest()
