"""Small tables for the stage `split_by_patient` to split."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.tables.csv_table import write_table
from lesions.tables.metadata import COLUMNS
from stages import split_by_patient
from tests.builders import dataset_section

SPLIT = {
    "seed": 0,
    "scheme": "group",
    "conflicting_copies": "drop",
    "max_conflicting_fraction": 1.0,
    "shares": {"train": 0.6, "val": 0.2, "test": 0.2},
    "max_share_deviation": 0.1,
    "num_folds": 5,
    "fold": None,
    "test_list": None,
    "test_list_sha256": None,
    "keep": None,
    "keep_sha256": None,
    "seal": False,
}
SYNTHETIC = dataset_section("data/raw/synthetic", "synthetic")
NO_COPIES = pd.DataFrame({"image_id": [], "other_image_id": []})


def split(
    tmp_path: Path, params: Path, table: pd.DataFrame, copies: pd.DataFrame = NO_COPIES
) -> tuple[pd.DataFrame, dict[str, Any], pd.DataFrame]:
    """Run the stage, and return its splits, its metrics and the shares of each diagnosis."""
    write_table(tmp_path / "metadata.csv", table[COLUMNS], sort_by="image_id")
    copies.to_csv(tmp_path / "near_duplicates.csv", index=False)
    split_by_patient.main(
        tmp_path / "metadata.csv",
        tmp_path / "near_duplicates.csv",
        tmp_path / "splits.csv",
        tmp_path / "split.json",
        tmp_path / "shares.json",
        tmp_path / "characteristics.json",
        params,
    )
    metrics = json.loads((tmp_path / "split.json").read_text())
    return pd.read_csv(tmp_path / "splits.csv"), metrics, pd.read_json(tmp_path / "shares.json")
