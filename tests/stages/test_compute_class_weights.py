"""Tests that class weights depend on training images alone."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from lesions.errors import InputError
from lesions.tables.classes import Classes, read_classes
from lesions.tables.csv_table import write_table
from lesions.tables.metadata import COLUMNS
from stages import compute_class_weights
from tests.builders import TASK, WriteParams, metadata_table


def run(tmp_path: Path, params: Path, diagnoses: list[str], splits: list[str]) -> Classes:
    table = metadata_table(diagnoses)
    write_table(tmp_path / "metadata.csv", table[COLUMNS], sort_by="image_id")
    split_table = pd.DataFrame({"image_id": table.image_id, "group_id": table.image_id, "split": splits})
    write_table(tmp_path / "splits.csv", split_table, sort_by="image_id")
    written = tmp_path / "classes.json"
    compute_class_weights.main(
        tmp_path / "metadata.csv", tmp_path / "splits.csv", written, tmp_path / "distribution.png", params
    )
    return read_classes(written)


def test_validation_and_test_images_do_not_change_the_weights(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_params(
        class_weights={"scheme": "balanced", "beta": None},
        task=TASK,
    )
    diagnoses = ["nevus", "nevus", "nevus", "melanoma", *["melanoma", "nevus"] * 5]
    splits = ["train"] * 4 + ["val"] * 4 + ["test"] * 6
    weights = run(tmp_path, params, diagnoses, splits)
    # 4 training images in 2 classes: 4 / (2 · 1) and 4 / (2 · 3).
    assert weights == Classes(
        ("melanoma", "nevus"), (("melanoma",), ("nevus",)), num_images=(1, 3), weights=(2.0, 0.666667)
    )
    with Image.open(tmp_path / "distribution.png") as picture:
        assert picture.width == 7 * 150


def weigh_malignancy(tmp_path: Path, write_params: WriteParams, diagnoses: list[str], splits: list[str]) -> Classes:
    params = write_params(
        class_weights={"scheme": "none", "beta": None},
        task=TASK | {"name": "malignancy"},
    )
    return run(tmp_path, params, diagnoses, splits)


def test_external_images_may_add_diagnoses_to_a_class(tmp_path: Path, write_params: WriteParams) -> None:
    splits = ["train", "train", "val", "test", "external"]
    weights = weigh_malignancy(tmp_path, write_params, ["nevus", "melanoma", "nevus", "nevus", "benign"], splits)
    assert weights.diagnoses == (("benign", "nevus"), ("melanoma",))
    assert weights.num_images == (1, 1)


def test_a_class_of_external_images_alone_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    splits = ["train", "val", "test", "external"]
    with pytest.raises(InputError, match="task: no image has a diagnosis of the class benign of malignancy"):
        weigh_malignancy(tmp_path, write_params, ["melanoma", "melanoma", "melanoma", "benign"], splits)
