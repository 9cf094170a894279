"""The table `data/metadata.csv`: one validated row per image."""

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
`published_split` is train, val or test, if the image is in a folder of that name, or if the dataset's tables say
so."""

IDENTIFIERS = ("image_id", "patient_id", "lesion_id")


def read_metadata(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read `data/metadata.csv`, or some of its columns, with identifiers as text; `image_id` is unique."""
    types = {name: "str" for name in COLUMNS if name not in ("row", "age_years")}
    types |= {"width_px": "int64", "height_px": "int64"}
    # Only an empty cell is missing: a patient's identifier may be NA.
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""], usecols=columns)
