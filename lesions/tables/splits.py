"""The table `data/splits.csv`: the group and the split of each image, and the values that `split` takes."""

from pathlib import Path

import pandas as pd

from lesions.errors import InputError
from lesions.tables.csv_table import write_table
from lesions.tables.metadata import read_metadata

COLUMNS = ["image_id", "group_id", "split"]

SPLITS = ("train", "val", "test")

TRAINED = SPLITS[:2]
"""The splits that training uses."""

SCORED_SPLITS = SPLITS[1:]
"""The splits in prediction tables, which also hold images of other datasets but no training images."""

EXTERNAL = "external"
"""Value of `split` for an image of a dataset that is only scored."""

DROPPED = "dropped"
"""Value of `split` for an image that is in none of the three splits."""


def write_splits(path: Path, splits: pd.DataFrame) -> None:
    """Write `data/splits.csv`, sorted by image."""
    write_table(path, splits[COLUMNS], sort_by="image_id")


def read_splits(path: Path) -> pd.DataFrame:
    """Read `data/splits.csv`, every cell as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def join_splits(metadata: pd.DataFrame, splits: pd.DataFrame, splits_path: Path) -> pd.DataFrame:
    """Add `group_id` and `split` to the metadata.

    Raises
    ------
    InputError
        If an image is in only one of the two tables.
    """
    unmatched = set(metadata.image_id) ^ set(splits.image_id)
    if unmatched:
        raise InputError(
            f"{splits_path}: image_id {min(unmatched)!r} is in only one of the split and the metadata; "
            "run the stage split_by_patient again"
        )
    return metadata.merge(splits, on="image_id", validate="one_to_one")


def read_all_metadata(metadata: Path, splits: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read the metadata (or some columns) of all images, dropped ones too, and add `group_id` and `split`."""
    return join_splits(read_metadata(metadata, columns), read_splits(splits), splits)


def read_split_metadata(metadata: Path, splits: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read the metadata (or some columns) of all images that were not dropped, and add `group_id` and `split`.

    `split` is `train`, `val`, `test` or `external`.
    """
    table = read_all_metadata(metadata, splits, columns)
    return table[table.split != DROPPED].reset_index(drop=True)
