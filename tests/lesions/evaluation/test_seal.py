"""The seal leaves out the predictions of test images, and its readers know it by that."""

import json
from pathlib import Path

import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.evaluation.seal import (
    check_unsealed,
    holds_seal,
    is_sealed,
    leave_out_unscored,
    list_sealed_images,
    list_sealed_splits,
    write_sealed,
)
from tests.builders import WriteParams
from tests.runs import build_predictions, guess, true_classes, with_validation
from tests.splitting import SPLIT

TABLE = with_validation(build_predictions(true_classes(), guess(true_classes(), 1)))


def test_test_and_external_images_are_sealed(tmp_path: Path, write_params: WriteParams) -> None:
    sealed, unsealed = (write_params(split=SPLIT | {"seal": seal}) for seal in (True, False))
    assert list_sealed_splits(sealed) == ("test", "external")
    assert list_sealed_splits(unsealed) == ()
    splits = tmp_path / "splits.csv"
    assert list_sealed_images(sealed, splits) == set()
    splits.write_text("image_id,group_id,split\na,g0,train\nb,g1,val\nc,g2,test\nd,g3,external\ne,g4,dropped\n")
    assert list_sealed_images(sealed, splits) == {"c", "d"}
    assert list_sealed_images(unsealed, splits) == set()


@pytest.mark.parametrize(("seal", "kept"), [(False, ["train", "val", "test"]), (True, ["train", "val"])])
def test_a_baseline_has_no_images_that_it_neither_learns_from_nor_is_scored_on(
    seal: bool, kept: list[str], write_params: WriteParams
) -> None:
    table = pd.DataFrame({"split": ["external", "train", "val", "dropped", "test"], "row": range(5)})
    found = leave_out_unscored(table, write_params(split=SPLIT | {"seal": seal}))
    assert found.split.tolist() == kept
    assert found.index.tolist() == list(range(len(kept)))


def test_a_table_without_test_images_is_sealed() -> None:
    assert not is_sealed(TABLE)
    assert is_sealed(TABLE.select("val"))
    check_unsealed(TABLE, "net")
    with pytest.raises(
        InputError, match=r"^the test images of net are sealed \(split\.seal\); `lesions unseal --rea"
    ):
        check_unsealed(TABLE.select("val"), "net")


def test_sealed_files_say_so_and_hold_nothing_else(tmp_path: Path) -> None:
    write_sealed([tmp_path / "a/test.json"], [tmp_path / "b/roc.json"])
    assert json.loads((tmp_path / "a/test.json").read_text()) == {"schema": 1, "sealed": True}
    assert json.loads((tmp_path / "b/roc.json").read_text()) == []


@pytest.mark.parametrize(("metrics", "sealed"), [({"sealed": True}, True), ({"sealed": "yes"}, False), ({}, False)])
def test_only_true_is_a_seal(metrics: dict[str, object], sealed: bool) -> None:
    assert holds_seal(metrics) is sealed
