"""Share the images out to train, val and test, so that no patient and no lesion is on two sides."""

import hashlib
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from lesions.command_line.stage import run_stage
from lesions.datasets.metadata import read_metadata
from lesions.errors import InputError
from lesions.formats.json_file import write_metrics, write_plot_rows
from lesions.formats.table import write_table
from lesions.parameters.section import read_section
from lesions.splitting.allocation import SPLITS, SplitParameters, allocate_groups
from lesions.splitting.groups import GROUPING_IDENTIFIERS, build_groups, count_diagnoses
from lesions.splitting.leak import expect_leaked, find_leaked


def main(
    metadata: Annotated[Path, typer.Option(help="One validated row an image.")],
    splits: Annotated[Path, typer.Option(help="Written: image_id, group_id, split.")],
    metrics: Annotated[Path, typer.Option(help="Written: sizes, and distance from what was asked.")],
    shares_plot: Annotated[Path, typer.Option(help="Written: shares asked and got for each diagnosis.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Build groups, allocate them to the splits, and check what came out."""
    parameters = read_section(params, "split", SplitParameters)
    asked = np.array([getattr(parameters.shares, split) for split in SPLITS])
    table = read_metadata(metadata)
    table["group_id"] = build_groups(table)
    unit = table.group_id if parameters.scheme == "group" else table.image_id
    counts, units, diagnoses = count_diagnoses(unit, table.diagnosis)
    check_enough_groups(counts, diagnoses, metadata)

    allocation = allocate_groups(counts, asked, seed=parameters.seed)
    table["split"] = unit.map(dict(zip(units, np.array(SPLITS)[allocation], strict=True)))
    if parameters.scheme == "group":
        check_nobody_is_on_two_sides(table)
    check_every_diagnosis_is_in_every_split(table, metadata)
    shares = compare_shares(table, dict(zip(SPLITS, asked, strict=True)))
    check_shares(shares, parameters.max_share_deviation, metadata)

    write_table(splits, table[["image_id", "group_id", "split"]], sort_by="image_id")
    write_plot_rows(shares_plot, shares)
    summary = summarise(table, shares)
    write_metrics(metrics, summary)
    sizes = ", ".join(f"{summary['num_images'][split]} {split}" for split in SPLITS)
    print(f"images: {sizes}; {summary['num_groups']} groups by {summary['grouped_by']}")
    print(
        f"{summary['leaked_test_share']:.1%} of the test images have a sibling in training; "
        f"split image by image, {summary['image_wise_leaked_test_share']['all']:.1%} would"
    )


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


def compare_shares(table: pd.DataFrame, asked: Mapping[Any, float]) -> list[dict[str, Any]]:
    """Return, for each diagnosis and split, the share asked for and the share got."""
    totals = table.diagnosis.value_counts().to_dict()
    cells = table.groupby(["diagnosis", "split"])
    return [
        {
            "diagnosis": diagnosis,
            "split": split,
            "share_asked": asked[split],
            "share_got": len(cell) / totals[diagnosis],
            "num_images": len(cell),
            "num_groups": int(cell.group_id.nunique()),
        }
        for (diagnosis, split), cell in cells
    ]


def summarise(table: pd.DataFrame, shares: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the sizes of the splits, what was grouped by, and the worst distance from a share asked for.

    The hash of the test images tells whether figures of two runs are of the same images and diagnoses.
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
        "image_wise_leaked_test_share": expect_image_wise_leak(table),
        "test_images_sha256": hash_rows(test[["image_id", "sha256", "diagnosis"]]),
    }


def expect_image_wise_leak(table: pd.DataFrame) -> dict[str, float]:
    """Return which share of the test images would have a sibling in training, had images been split one by one."""
    leaked = pd.Series(expect_leaked(table.group_id, int((table.split == "train").sum())), index=table.index)
    of_diagnoses = leaked.groupby(table.diagnosis).mean()
    return {"all": float(leaked.mean()), **{str(name): share for name, share in of_diagnoses.items()}}


def hash_rows(table: pd.DataFrame) -> str:
    """Return the sha256 of a table's cells."""
    return hashlib.sha256(table.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


if __name__ == "__main__":
    run_stage(main)
