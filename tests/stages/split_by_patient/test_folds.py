"""Each fold tests a part of the images, and all folds together test each image once."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lesions.errors import InputError
from tests.builders import WriteParams, metadata_table
from tests.splitting import SPLIT, SYNTHETIC, split


def fold_of(tmp_path: Path, write_params: WriteParams, table: pd.DataFrame, fold: int) -> pd.DataFrame:
    splits, metrics, _ = split(
        tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | {"num_folds": 4, "fold": fold}), table
    )
    assert metrics["tested_by"] == "fold"
    return splits


def test_each_image_is_tested_by_one_fold_and_patients_stay_whole(tmp_path: Path, write_params: WriteParams) -> None:
    generator = np.random.default_rng(0)
    patients = [f"p{n}" for n in generator.integers(80, size=240)]
    table = metadata_table(generator.choice(["nevus", "melanoma"], 240).tolist(), patient_id=patients)
    folds = [fold_of(tmp_path, write_params, table, fold) for fold in range(4)]
    tested = np.stack([(splits.split == "test").to_numpy() for splits in folds])
    assert (tested.sum(axis=0) == 1).all()
    for splits in folds:
        assert splits.split.groupby(table.patient_id).nunique().max() == 1
        # A quarter is for test; train and val divide the others as 0.6 to 0.2.
        parts = splits.split.value_counts(normalize=True)
        assert parts.to_dict() == pytest.approx({"train": 0.5625, "val": 0.1875, "test": 0.25}, abs=0.03)


def test_a_diagnosis_with_fewer_groups_than_folds_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 20 + ["melanoma"] * 4)
    with pytest.raises(InputError, match=r"fewer than 5 groups .* one for each split or fold, .* melanoma \(4\)"):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | {"fold": 0}), table)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fold": 5}, r"fold: expected 0 to 4 \(num_folds is 5\), got 5"),
        ({"fold": 1, "test_list": "official.csv", "test_list_sha256": "a" * 64}, r"both determine the test images"),
        (
            {"test_list": "official.csv"},
            r"test_list and test_list_sha256 \(what sha256sum prints .* be given together",
        ),
        ({"test_list_sha256": "a" * 64}, r"must be given together; got None and a{64}"),
        (
            {"test_list": "official.csv", "test_list_sha256": "abc"},
            r"split.test_list_sha256: expected the 64 hexadecimal digits .* got 'abc'",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    tmp_path: Path, write_params: WriteParams, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | changes), metadata_table(["nevus"] * 9))
