"""The table `data/metadata.csv`: one validated row per image."""

import csv
from pathlib import Path

import pandas as pd

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
`published_split` is train, val or test, if the image is in a folder of that name."""

SUBGROUP = "subgroup_"
"""How the names of further columns begin: the values of subgroups of one's own, such as `subgroup_camera`."""

IDENTIFIERS = ("image_id", "patient_id", "lesion_id")


def read_metadata(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read `data/metadata.csv`, or some of its columns, with identifiers as text; `image_id` is unique."""
    types = {name: "str" for name in COLUMNS if name not in ("row", "age_years", "fitzpatrick_type")}
    types |= {"width_px": "int64", "height_px": "int64"}
    with path.open(encoding="utf-8", newline="") as file:
        types |= {name: "str" for name in next(csv.reader(file), []) if name.startswith(SUBGROUP)}
    # Only an empty cell is missing: a patient's identifier may be NA.
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""], usecols=columns)


def list_subgroup_columns(table: pd.DataFrame) -> dict[str, str]:
    """Return the column of each of one's own kinds of subgroups that the table has, by their names, sorted."""
    columns = sorted(column for column in map(str, table) if column.startswith(SUBGROUP))
    return {column.removeprefix(SUBGROUP): column for column in columns}
