"""Numbers and sentences that describe a split: sizes, shares and leaks."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from lesions.splitting.conflicts import list_conflicting_diagnoses, list_conflicting_pairs
from lesions.splitting.leak import expect_leaked, find_leaked
from lesions.tables.groups import GROUPING_IDENTIFIERS, name_identifiers, spell_ties
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


def measure_deviation(row: Mapping[str, Any]) -> float:
    """Return how far the share in a row of `compare_shares` is from the wanted one."""
    return abs(float(row["share_got"]) - float(row["share_asked"]))


def find_worst_share(shares: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the row of `compare_shares` with the largest deviation."""
    return max(shares, key=measure_deviation)


def summarise_split(
    table: pd.DataFrame, shares: list[dict[str, Any]], image_wise_leak: dict[str, float]
) -> dict[str, Any]:
    """Return the sizes of the splits, the identifiers grouped by, and the largest deviation from a wanted share.

    Of a test image without patient and lesion it cannot be known whether a sibling is in training, so that
    `leaked_test_share` is over the other test images, and None if there are none. The hash of the test images shows
    whether the scores of two runs are for the same images and diagnoses.
    """
    worst = find_worst_share(shares)
    test = table[table.split == "test"].sort_values("image_id")
    is_named = table[list(GROUPING_IDENTIFIERS)].notna().any(axis=1)
    leaked, copied = (find_leaked(table[name], table.split) for name in ("group_id", "picture_id"))
    is_judged = is_named & (table.split == "test")
    return {
        "grouped_by": name_identifiers(table),
        "num_groups": int(table.group_id.nunique()),
        "num_images_without_patient": int(table.patient_id.isna().sum()),
        "num_images_without_identifier": int((~is_named).sum()),
        "num_test_images_without_identifier": len(test) - int(is_judged.sum()),
        "largest_group": int(table.group_id.value_counts().max()),
        "num_images": table.split.value_counts().to_dict(),
        "worst_share_deviation": measure_deviation(worst),
        "worst_share_diagnosis": f"{worst['diagnosis']} in {worst['split']}",
        "leaked_test_share": float(leaked[is_judged].mean()) if is_judged.any() else None,
        "copied_test_share": float(copied.sum() / len(test)),
        "image_wise_leaked_test_share": image_wise_leak,
        "test_images_sha256": hash_rows(test[["image_id", "sha256", "diagnosis"]]),
    }


def count_left_out(table: pd.DataFrame, external: pd.DataFrame) -> dict[str, int]:
    """Count the images that are in no split, by the reason, and those of other datasets.

    Those that are left out beside an earlier split are counted by `count_kept`.
    """
    is_dropped = (table.split == DROPPED) & ~table.is_dropped
    return {
        "num_conflicting_images_dropped": int(table.is_dropped.sum()),
        "num_siblings_of_listed_dropped": int(is_dropped.sum()) if table.is_listed.any() else 0,
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
    sizes = _spell_sizes(summary["num_images"])
    ties = spell_ties(summary["grouped_by"])
    if summary["grouped_by"]:
        yield f"images: {sizes}; {summary['num_groups']} groups by {summary['grouped_by']}"
        yield _describe_leak(summary)
    else:
        yield (
            f"images: {sizes}; the data name no patient and no lesion: only copies are kept together, and how many "
            "test images have a sibling in training cannot be known"
        )
    if summary["copied_test_share"]:
        yield f"{summary['copied_test_share']:.1%} of the test images have a copy in training"
    if summary["num_conflicting_images"]:
        yield "\n  ".join(_list_conflicts(summary))
    if summary["num_siblings_of_listed_dropped"]:
        yield (
            f"{summary['num_siblings_of_listed_dropped']} images that split.test_list does not name were dropped: "
            f"they share a {ties} with one that it names"
        )
    if "kept" in summary:
        yield from _describe_kept(summary["kept"], ties)
    if summary["num_external_images"] or summary["num_external_images_dropped"]:
        yield (
            f"{summary['num_external_images']} images of other datasets will only be scored; "
            f"{summary['num_external_images_dropped']} were dropped, because they share a {ties} with the datasets "
            "to train on, or have copies with another diagnosis"
        )


def _describe_leak(summary: dict[str, Any]) -> str:
    """Say how many test images have a sibling in training, and of how many that cannot be known."""
    num_unnamed, num_test = summary["num_test_images_without_identifier"], summary["num_images"]["test"]
    unknown = "the data name no patient and no lesion of them"
    if summary["leaked_test_share"] is None:
        return f"how many test images have a sibling in training cannot be known: {unknown}"
    judged = f"{num_test - num_unnamed} of the {num_test} test images" if num_unnamed else "the test images"
    sentence = (
        f"{summary['leaked_test_share']:.1%} of {judged} have a sibling in training; in a split image by image, or "
        f"by the list alone, {summary['image_wise_leaked_test_share']['all']:.1%} of all would have one"
    )
    return f"{sentence}; of {num_unnamed} it cannot be known: {unknown}" if num_unnamed else sentence


def _describe_kept(kept: dict[str, Any], ties: str) -> Iterator[str]:
    """Say what became of the images of the earlier split, and where the new ones went."""
    stay, new, gone = (_spell_sizes(kept[name]) for name in ("num_images", "num_new", "num_gone"))
    yield f"split.keep: {stay} stay where they were"
    yield f"new images: {new}; {kept['num_new_of_old_groups']} of them share a {ties} with an old one and follow it"
    if any(kept["num_gone"].values()):
        yield f"images of split.keep that are no longer among those to train on: {gone}"
    if kept["num_apart_dropped"]:
        yield (
            f"{kept['num_apart_dropped']} images of split.keep were dropped: they turn out to share a {ties} with "
            "one that it has in val or test"
        )
    if kept["num_still_dropped"]:
        yield (
            f"{kept['num_still_dropped']} images that split.keep has as dropped stay so: they share a {ties} with "
            "one that it has in val or test"
        )


def _spell_sizes(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{sizes[split]} {split}" for split in SPLITS)


def _list_conflicts(summary: dict[str, Any]) -> list[str]:
    kept = summary.get("kept", {})
    total = sum(summary["num_images"].values()) + sum(
        of.get(f"num_{reason}_dropped", 0)
        for of in (summary, kept)
        for reason in ("conflicting_images", "siblings_of_listed", "apart", "still")
    )
    return [
        f"{summary['num_conflicting_images']:,} of {total:,} images have copies with another diagnosis; "
        f"{summary['num_conflicting_images_dropped']:,} were dropped (split.conflicting_copies):",
        *list_conflicting_pairs(summary["conflicting_pairs"]),
        *list_conflicting_diagnoses(summary["conflicting_images"]),
    ]


def _average_leaks(leaked: pd.Series, diagnosis: pd.Series) -> dict[str, float]:
    """Return the mean over all images, and over the images of each diagnosis."""
    of_diagnoses = leaked.groupby(diagnosis).mean()
    return {"all": float(leaked.mean()), **{str(name): share for name, share in of_diagnoses.items()}}


def hash_rows(table: pd.DataFrame) -> str:
    """Return the sha256 of a table's cells."""
    return hashlib.sha256(table.to_csv(index=False, lineterminator="\n").encode()).hexdigest()
