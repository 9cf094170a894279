"""Tests of ISIC 2019 and 2020: their whole tables up to the split, with synthetic images where pixels are needed."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lesions.tables.index import COLUMNS
from stages import cache_images, find_near_duplicates, prepare_metadata, split_by_patient
from tests.builders import (
    ISIC_2019,
    NO_SHARDS,
    SIIM_ISIC_2020,
    WriteParams,
    dataset_section,
    needs_isic_2019,
    needs_siim_isic_2020,
)

SPLIT = {
    "seed": 0,
    "scheme": "group",
    "conflicting_copies": "drop",
    "max_conflicting_fraction": 0.02,
    "shares": {"train": 0.7, "val": 0.15, "test": 0.15},
    "max_share_deviation": 0.02,
    "seal": False,
    "num_folds": 5,
    "fold": None,
    "test_list": None,
    "test_list_sha256": None,
    "keep": None,
    "keep_sha256": None,
}

both = pytest.mark.parametrize(
    ("root", "name", "table", "column", "expected"),
    [
        pytest.param(
            ISIC_2019,
            "isic2019",
            "ISIC_2019_Training_GroundTruth.csv",
            "image",
            # 11,847 lesions, and 2,084 images without a lesion, each a group of its own.
            {"num_images": 25331, "num_groups": 11847 + 2084, "grouped_by": "lesion_id", "melanoma": 4522},
            marks=needs_isic_2019,
        ),
        pytest.param(
            SIIM_ISIC_2020,
            "siim_isic_2020",
            "ISIC_2020_Training_GroundTruth.csv",
            "image_name",
            # 425 images are published as copies of others, three of them of melanomas.
            {"num_images": 33126 - 425, "num_groups": 2056, "grouped_by": "patient_id", "melanoma": 581},
            marks=needs_siim_isic_2020,
        ),
    ],
)


def split(folder: Path, params: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    metadata, pairs, splits = folder / "metadata.csv", folder / "pairs.csv", folder / "splits.csv"
    split_by_patient.main(
        metadata,
        pairs,
        splits,
        folder / "split.json",
        folder / "shares.json",
        folder / "characteristics.json",
        params,
    )
    table = pd.read_csv(metadata).merge(pd.read_csv(splits), on="image_id")
    return json.loads((folder / "split.json").read_text()), table


@pytest.mark.slow
@both
def test_the_whole_tables_are_split(
    tmp_path: Path,
    write_params: WriteParams,
    root: Path,
    name: str,
    table: str,
    column: str,
    expected: dict[str, Any],
) -> None:
    ids = pd.read_csv(root / table)[column]
    properties = {"row": range(len(ids)), "width_px": 8, "height_px": 8, "sha256": ids, "perceptual_hash": "0" * 200}
    pd.DataFrame({"file": ids + ".jpg", **properties, "error": None, "passed_over": None})[COLUMNS].to_csv(
        tmp_path / "images.csv", index=False
    )
    params = write_params(dataset=dataset_section(root, name), split=SPLIT)
    metadata, rejected = tmp_path / "metadata.csv", tmp_path / "rejected.csv"
    prepare_metadata.main(tmp_path / "images.csv", metadata, rejected, tmp_path / "data.json", params)
    pd.DataFrame({"image_id": [], "other_image_id": []}).to_csv(tmp_path / "pairs.csv", index=False)
    metrics, rows = split(tmp_path, params)
    assert sum(metrics["num_images"].values()) == expected["num_images"]
    assert metrics["num_groups"] == expected["num_groups"]
    assert metrics["grouped_by"] == expected["grouped_by"]
    assert (rows.diagnosis == "melanoma").sum() == expected["melanoma"]
    for identifier in ("patient_id", "lesion_id"):
        assert not (rows.groupby(identifier).split.nunique() > 1).any()
    assert metrics["worst_share_deviation"] < 0.005


@both
def test_synthetic_images_with_the_published_names_run_up_to_the_split(
    tmp_path: Path,
    write_params: WriteParams,
    root: Path,
    name: str,
    table: str,
    column: str,
    expected: dict[str, Any],
) -> None:
    shutil.copytree(root, tmp_path / "root")
    dataset = tmp_path / "root"
    rows = pd.read_csv(root / table, dtype=str)
    words = rows.drop(columns=[column]).agg(",".join, axis=1) if name == "isic2019" else rows.benign_malignant
    chosen = rows.groupby(words).head(25)
    chosen.to_csv(dataset / table, index=False)
    (dataset / "images").mkdir()
    generator = np.random.default_rng(0)
    for image_id in chosen[column]:
        coarse = Image.fromarray(generator.integers(0, 256, (12, 12, 3), dtype=np.uint8))
        coarse.resize((64, 64), Image.Resampling.BICUBIC).save(dataset / f"images/{image_id}.jpg")
    params = write_params(
        dataset=dataset_section(dataset, name),
        cache_images={"size_px": 48, "fit": "crop", "max_megapixels": 1.0},
        shards=NO_SHARDS,
        near_duplicates={"min_correlation": 0.7},
        split=SPLIT | {"max_share_deviation": 0.2},
    )
    images, index, metadata = tmp_path / "images.npy", tmp_path / "images.csv", tmp_path / "metadata.csv"
    cache_images.main(images, index, params)
    prepare_metadata.main(index, metadata, tmp_path / "rejected.csv", tmp_path / "data.json", params)
    find_near_duplicates.main(
        images, metadata, tmp_path / "pairs.csv", tmp_path / "p.json", tmp_path / "p.png", params
    )
    metrics, table_with_split = split(tmp_path, params)
    counts = json.loads((tmp_path / "data.json").read_text())
    assert counts["num_images"] + counts["num_left_out"] == len(chosen)
    assert counts["num_rejected"] == counts["num_unlisted_files"] == 0
    assert metrics["grouped_by"] == expected["grouped_by"]
    assert set(table_with_split.split) == {"train", "val", "test"}
