"""Each diagnosis is shared among the splits as the parameters ask."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from lesions.errors import InputError
from tests.builders import WriteParams, metadata_table
from tests.splitting import SPLIT, SYNTHETIC, split


def test_the_wanted_shares_are_met_and_described(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 5)
    splits, metrics, shares = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    assert splits.columns.tolist() == ["image_id", "group_id", "split"]
    assert splits.image_id.tolist() == table.image_id.tolist()
    assert shares.pivot(index="diagnosis", columns="split", values="num_images").to_dict("index") == {
        "melanoma": {"train": 3, "val": 1, "test": 1},
        "nevus": {"train": 6, "val": 2, "test": 2},
    }
    np.testing.assert_allclose(shares.share_got, shares.share_asked)
    test = table.merge(splits[splits.split == "test"], on="image_id").sort_values("image_id")
    lines = [
        "image_id,sha256,diagnosis",
        *(",".join(row) for row in test[["image_id", "sha256", "diagnosis"]].values),
    ]
    assert metrics == {
        "schema": 1,
        "grouped_by": "patient_id and lesion_id",
        "num_groups": 15,
        "largest_group": 1,
        "num_images": {"train": 9, "val": 3, "test": 3},
        "worst_share_deviation": 0.0,
        "worst_share_diagnosis": "melanoma in test",
        "num_images_without_patient": 0,
        "num_images_without_identifier": 0,
        "num_test_images_without_identifier": 0,
        "scheme": "group",
        "tested_by": "shares",
        "num_external_images": 0,
        "num_external_images_dropped": 0,
        "num_siblings_of_listed_dropped": 0,
        "num_conflicting_images": 0,
        "conflicting_images": {},
        "conflicting_pairs": {},
        "num_conflicting_images_dropped": 0,
        "leaked_test_share": 0.0,
        "copied_test_share": 0.0,
        "image_wise_leaked_test_share": {"all": 0.0, "melanoma": 0.0, "nevus": 0.0},
        "test_images_sha256": hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest(),
    }


def test_other_training_images_do_not_change_the_hash_of_the_test_images(
    tmp_path: Path, write_params: WriteParams
) -> None:
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 5)
    splits, before, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    trained = splits.split == "train"
    changed = table.assign(sha256=np.where(trained, "1" * 64, table.sha256))
    assert split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), changed)[1] == before
    changed = table.assign(sha256=np.where(trained, table.sha256, "1" * 64))
    after = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), changed)[1]
    assert after["test_images_sha256"] != before["test_images_sha256"]
    assert after["num_images"] == before["num_images"]


def test_a_single_diagnosis_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    with pytest.raises(InputError, match=r"metadata.csv: all images have the diagnosis nevus; there is nothing to"):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), metadata_table(["nevus"] * 9))


def test_a_diagnosis_with_fewer_groups_than_splits_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(
        ["nevus"] * 9 + ["melanoma"] * 4 + ["dermatofibroma"], patient_id=[*"abcdefghi", "x", "x", "y", "y", "z"]
    )
    message = (
        r"metadata.csv: fewer than 3 groups .* have the diagnosis dermatofibroma \(1\), melanoma \(2\); add cases"
    )
    with pytest.raises(InputError, match=message):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    assert not (tmp_path / "splits.csv").exists()


def test_a_share_far_from_the_wanted_one_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    # One patient has 8 of 10 melanomas, so that no split can have the wanted share.
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 10, patient_id=[*"abcdefghij", *"kkkkkkkk", "l", "m"])
    with pytest.raises(InputError, match=r"0\.800 of the diagnosis melanoma would be in train, 0.6 is wanted"):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    assert not (tmp_path / "splits.csv").exists()
    lenient = SPLIT | {"max_share_deviation": 0.25}
    assert split(tmp_path, write_params(dataset=SYNTHETIC, split=lenient), table)[1]["worst_share_deviation"] == 0.2


def test_shares_that_do_not_sum_to_one_are_refused_by_name(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_params(dataset=SYNTHETIC, split=SPLIT | {"shares": {"train": 0.6, "val": 0.3, "test": 0.3}})
    with pytest.raises(InputError, match=r"split.shares: train, val and test must sum to 1, got 1.2"):
        split(tmp_path, params, metadata_table(["nevus"] * 9))
