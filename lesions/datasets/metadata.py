"""The table `data/metadata.csv`: one validated row per image."""

from pathlib import Path

import pandas as pd

from lesions.errors import InputError

COLUMNS = [
    "image_id",
    "file",
    "row",
    "source",
    "patient_id",
    "lesion_id",
    "diagnosis",
    "diagnosis_confirmation",
    "age_years",
    "sex",
    "site",
    "fitzpatrick_type",
    "published_split",
    "width_px",
    "height_px",
    "sha256",
    "perceptual_hash",
]
"""`source` is the dataset; `file` is relative to dataset.root; `row` is the image's index in `data/images.npy`;
`published_split` is train or test, if the image is in a folder of that name."""

IDENTIFIERS = ("image_id", "patient_id", "lesion_id")

DROPPED = "dropped"
"""Value of `split` for an image that is in none of the three splits."""

EXTERNAL = "external"
"""Value of `split` for an image of a dataset that is only scored."""


def read_metadata(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read `data/metadata.csv`, or some of its columns, with identifiers as text; `image_id` is unique."""
    types = {name: "str" for name in COLUMNS if name not in ("row", "age_years", "fitzpatrick_type")}
    types |= {"width_px": "int64", "height_px": "int64"}
    # Only an empty cell is missing: a patient's identifier may be NA.
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""], usecols=columns)


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


def read_split_metadata(metadata: Path, splits: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read the metadata, or some of its columns, of all images that were not dropped, with `group_id` and `split`.

    `split` is `train`, `val`, `test` or `external`.
    """
    table = join_splits(
        read_metadata(metadata, columns), pd.read_csv(splits, dtype=str, keep_default_na=False), splits
    )
    return table[table.split != DROPPED].reset_index(drop=True)
