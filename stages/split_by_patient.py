"""Split the images into train, val and test, so that no patient, lesion or picture is in two of them."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from lesions.datasets.parameters import DatasetParameters
from lesions.formats.json_file import write_json, write_metrics, write_plot_rows
from lesions.parameters.section import read_section
from lesions.splitting.assignment import assign_splits, compute_wanted_shares
from lesions.splitting.characteristics import list_characteristics
from lesions.splitting.checks import (
    CONTRADICTED,
    KEPT_APART,
    SIBLINGS_OF_LISTED,
    check_diagnoses_survive,
    check_enough_groups,
    check_every_diagnosis_is_in_every_split,
    check_nobody_is_on_two_sides,
    check_shares,
)
from lesions.splitting.conflicts import check_few_conflict, count_conflicts
from lesions.splitting.kept import count_kept, find_kept, read_kept
from lesions.splitting.parameters import SplitParameters
from lesions.splitting.summary import (
    compare_shares,
    count_left_out,
    count_list_leak,
    describe_split,
    expect_image_wise_leak,
    summarise_split,
)
from lesions.splitting.test_list import find_listed, read_test_list
from lesions.stage.run import run_stage
from lesions.tables.groups import build_groups, find_conflicting, find_pictures
from lesions.tables.metadata import read_metadata
from lesions.tables.near_duplicates import read_pairs
from lesions.tables.splits import DROPPED, EXTERNAL, SCORED_SPLITS, SPLITS, TRAINED, write_splits


def main(
    metadata: Annotated[Path, typer.Option(help="One validated row per image.")],
    near_duplicates: Annotated[Path, typer.Option(help="One row per pair of copies.")],
    splits: Annotated[Path, typer.Option(help="Written: image_id, group_id, split.")],
    metrics: Annotated[Path, typer.Option(help="Written: sizes, and deviations from the wanted shares.")],
    shares_plot: Annotated[Path, typer.Option(help="Written: wanted and actual share of each diagnosis.")],
    characteristics: Annotated[Path, typer.Option(help="Written: age, sex, site and others in each split.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Build groups, allocate them to the splits, and check the result."""
    parameters = read_section(params, "split", SplitParameters)
    test_images, kept = read_test_list(parameters), read_kept(parameters)
    whole, copies = read_metadata(metadata), read_pairs(near_duplicates)
    dataset = read_section(params, "dataset", DatasetParameters)
    is_external = whole.source.isin(dataset.external)
    external = split_external(whole, is_external, copies)
    # The split of the datasets to train on must not depend on images that are only scored.
    table = add_groups(whole[~is_external], copies)
    for part in (table, external):
        check_few_conflict(part, parameters.max_conflicting_fraction, metadata=metadata, copies=near_duplicates)
    table["is_listed"] = find_listed(table, test_images, parameters.test_list)
    table["earlier"] = find_kept(table, kept, parameters.keep, find_folder=dataset.find_folder)
    # Listed images stay, and so does what was scored before: other results are on the same images.
    stays = table.is_listed | table.earlier.isin(SCORED_SPLITS)
    table["is_dropped"] = table.is_conflicting & ~stays & (parameters.conflicting_copies == "drop")
    table["split"], is_nearest = split_images(table, parameters, metadata)
    used = table[table.split != DROPPED]
    shares = compare_shares(used, compute_wanted_shares(used, parameters))
    check_shares(shares, parameters.max_share_deviation, metadata, is_nearest=is_nearest)

    everything = pd.concat([table, external])
    write_splits(splits, everything)
    write_json(characteristics, list_characteristics(everything))
    write_plot_rows(shares_plot, shares)
    by_list = parameters.tested_by == "list"
    leak = count_list_leak(table[~table.is_dropped]) if by_list else expect_image_wise_leak(used)
    summary = summarise_split(used, shares, leak) | count_conflicts(table) | count_left_out(table, external)
    summary |= {"scheme": parameters.scheme, "tested_by": parameters.tested_by}
    if parameters.tested_by == "keep":
        summary["kept"] = count_kept(table, kept)
    write_metrics(metrics, summary)
    for line in describe_split(summary):
        print(line)


def add_groups(table: pd.DataFrame, copies: pd.DataFrame) -> pd.DataFrame:
    """Return the images with `group_id`, `picture_id` and `is_conflicting`: a copy has another diagnosis."""
    copies = select_pairs(copies, table.image_id)
    picture_id = find_pictures(table, copies)
    return table.assign(
        group_id=build_groups(table, copies),
        picture_id=picture_id,
        is_conflicting=find_conflicting(table.diagnosis, picture_id),
    )


def split_images(table: pd.DataFrame, parameters: SplitParameters, metadata: Path) -> tuple[pd.Series, bool]:
    """Return the split of each image, after every check that a split must pass but that of the shares.

    Parameters
    ----------
    table : (N, ...)
        With `group_id`, `is_listed`, `earlier`, and `is_dropped`, which images are in no split.
    metadata
        The file that errors name.

    Returns
    -------
    split : (N,) text
    is_nearest
        Whether it is proved that no split of whole groups is nearer to the wanted shares.

    Raises
    ------
    InputError
        If a diagnosis would be missing from a split, or has too few groups for it.
    """
    used = table[~table.is_dropped]
    check_diagnoses_survive(table, used, metadata, why_lost=CONTRADICTED)
    unit = used.group_id if parameters.scheme == "group" else used.image_id
    check_enough_groups(used, unit, needed=parameters.num_groups_needed, metadata=metadata)
    split, is_nearest = assign_splits(used, unit, parameters)
    split = split.reindex(table.index, fill_value=DROPPED)
    used = table.assign(split=split)[split != DROPPED]
    why_lost = KEPT_APART if parameters.tested_by == "keep" else SIBLINGS_OF_LISTED
    check_diagnoses_survive(table, used, metadata, why_lost=why_lost)
    if parameters.scheme == "group":
        check_nobody_is_on_two_sides(used)
    check_every_diagnosis_is_in_every_split(used, TRAINED if parameters.tested_by == "list" else SPLITS, metadata)
    return split, is_nearest


def split_external(table: pd.DataFrame, is_external: pd.Series, copies: pd.DataFrame) -> pd.DataFrame:
    """Return the external images with their groups and `split`: external, or dropped if they cannot be scored.

    Dropped are images that share a patient, a lesion or the picture with the datasets to train on, and copies of each
    other that have different diagnoses.
    """
    external = add_groups(table[is_external], copies)
    external["group_id"] = external.group_id.str.replace("g", "x")
    tied = build_groups(table, copies)
    is_dropped = tied[is_external].isin(tied[~is_external]) | external.is_conflicting
    return external.assign(split=is_dropped.map({True: DROPPED, False: EXTERNAL}))


def select_pairs(copies: pd.DataFrame, image_id: pd.Series) -> pd.DataFrame:
    """Return the pairs whose images are both in `image_id`."""
    return copies[copies.image_id.isin(image_id) & copies.other_image_id.isin(image_id)]


if __name__ == "__main__":
    run_stage(main)
