"""Share the images out to train, val and test, so that no patient, lesion or copy is on two sides."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lesions.command_line.stage import run_stage
from lesions.datasets.metadata import DROPPED, read_metadata
from lesions.formats.json_file import write_metrics, write_plot_rows
from lesions.formats.table import write_table
from lesions.near_duplicates.pairs import read_pairs
from lesions.parameters.section import read_section
from lesions.splitting.allocation import allocate_groups
from lesions.splitting.checks import (
    check_enough_groups,
    check_every_diagnosis_is_in_every_split,
    check_nobody_is_on_two_sides,
    check_shares,
)
from lesions.splitting.groups import build_groups, count_diagnoses, find_conflicting
from lesions.splitting.parameters import SPLITS, SplitParameters
from lesions.splitting.summary import compare_shares, summarise


def main(
    metadata: Annotated[Path, typer.Option(help="One validated row an image.")],
    near_duplicates: Annotated[Path, typer.Option(help="One row a pair of copies.")],
    splits: Annotated[Path, typer.Option(help="Written: image_id, group_id, split.")],
    metrics: Annotated[Path, typer.Option(help="Written: sizes, and distance from what was asked.")],
    shares_plot: Annotated[Path, typer.Option(help="Written: shares asked and got for each diagnosis.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Build groups, allocate them to the splits, and check what came out."""
    parameters = read_section(params, "split", SplitParameters)
    asked = np.array([getattr(parameters.shares, split) for split in SPLITS])
    everything, copies = read_metadata(metadata), read_pairs(near_duplicates)
    everything["group_id"] = build_groups(everything, copies)
    conflicting = find_conflicting(everything, copies)
    dropped = conflicting & (parameters.conflicting_copies == "drop")
    table = everything[~dropped].copy()

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

    everything["split"] = table.split.reindex(everything.index, fill_value=DROPPED)
    write_table(splits, everything[["image_id", "group_id", "split"]], sort_by="image_id")
    write_plot_rows(shares_plot, shares)
    summary = summarise(table, shares) | {
        "num_conflicting_images": int(conflicting.sum()),
        "num_dropped_images": int(dropped.sum()),
    }
    write_metrics(metrics, summary)
    sizes = ", ".join(f"{summary['num_images'][split]} {split}" for split in SPLITS)
    print(f"images: {sizes}; {summary['num_groups']} groups by {summary['grouped_by']}")
    print(
        f"{summary['leaked_test_share']:.1%} of the test images have a sibling in training; "
        f"split image by image, {summary['image_wise_leaked_test_share']['all']:.1%} would"
    )
    if conflicting.any():
        done = "dropped" if parameters.conflicting_copies == "drop" else "kept"
        print(f"{conflicting.sum()} images have copies with another diagnosis: {done} (split.conflicting_copies)")


if __name__ == "__main__":
    run_stage(main)
