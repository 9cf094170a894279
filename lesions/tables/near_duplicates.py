"""The table `data/near_duplicates.csv`: one row per pair of images that are copies of each other."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.tables.csv_table import write_table
from lesions.tables.groups import GROUPING_IDENTIFIERS

COLUMNS = [
    "image_id",
    "other_image_id",
    "kind",
    "hash_similarity",
    "correlation",
    "shares_identifier",
    "is_conflicting",
]
"""`kind` is exact (identical files) or near; `shares_identifier`: both have the same patient or lesion in the data;
`is_conflicting`: they have different diagnoses."""


def describe_pairs(
    metadata: pd.DataFrame,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    kind: str,
    hash_similarity: NDArray[np.floating] | float,
    correlation: NDArray[np.floating] | float,
) -> pd.DataFrame:
    """Return the table's rows for pairs of images, given by their positions (P,) in the metadata."""
    here, there = (metadata.iloc[positions].reset_index(drop=True) for positions in (first, second))
    return pd.DataFrame(
        {
            "image_id": here.image_id,
            "other_image_id": there.image_id,
            "kind": kind,
            "hash_similarity": hash_similarity,
            "correlation": correlation,
            "shares_identifier": (here[list(GROUPING_IDENTIFIERS)] == there[list(GROUPING_IDENTIFIERS)]).any(axis=1),
            "is_conflicting": here.diagnosis != there.diagnosis,
        },
        columns=COLUMNS,
    )


def write_pairs(path: Path, pairs: pd.DataFrame) -> None:
    """Write the pairs; within each pair, `image_id` is the alphabetically first."""
    ids = np.sort(pairs[["image_id", "other_image_id"]].to_numpy(dtype=str), axis=1)
    ordered = pairs.assign(image_id=ids[:, 0], other_image_id=ids[:, 1]).sort_values("other_image_id", kind="stable")
    write_table(path, ordered, sort_by="image_id")


def read_pairs(path: Path) -> pd.DataFrame:
    """Read the pairs that `write_pairs` wrote."""
    return pd.read_csv(path, dtype={"image_id": "str", "other_image_id": "str"}, keep_default_na=False)
