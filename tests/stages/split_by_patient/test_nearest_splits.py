"""A split is refused only if none is found that passes, and the refusal says whether that is proved."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.splitting import nearest
from tests.builders import WriteParams, metadata_table
from tests.splitting import SPLIT, SYNTHETIC, split


def table_of(patients: list[tuple[int, int]]) -> pd.DataFrame:
    """Return a table of patients who have so many melanomas and nevi."""
    images = [
        (f"patient {number}", diagnosis)
        for number, counts in enumerate(patients)
        for diagnosis, count in zip(("melanoma", "nevus"), counts, strict=True)
        for _ in range(count)
    ]
    return metadata_table([diagnosis for _, diagnosis in images], patient_id=[patient for patient, _ in images])


def parameters(write_params: WriteParams, **changes: Any) -> Path:
    return write_params(dataset=SYNTHETIC, split=SPLIT | changes)


def test_a_split_by_shares_that_can_pass_is_not_refused(tmp_path: Path, write_params: WriteParams) -> None:
    table = table_of([(1, 3), (2, 3), (2, 1), (4, 1), (2, 1)])
    params = parameters(write_params, shares={"train": 0.7, "val": 0.15, "test": 0.15})
    _, metrics, _ = split(tmp_path, params, table)
    assert metrics["worst_share_deviation"] == pytest.approx(7 / 9 - 0.7, abs=1e-6)
    assert metrics["worst_share_diagnosis"] == "nevus in train"


def test_a_list_is_compared_with_all_images_and_not_refused_if_its_rest_can_pass(
    tmp_path: Path, write_params: WriteParams
) -> None:
    # The last patient's two images are listed. The fast search gives val two of the other four melanomas; one
    # is wanted, and one is 0.2 of all five.
    table = table_of([(0, 1), (1, 2), (1, 2), (2, 1), (1, 1)])
    path = tmp_path / "official.csv"
    path.write_text("image_id\n" + "".join(f"{name}\n" for name in table.image_id[-2:]))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    splits, metrics, _ = split(
        tmp_path, parameters(write_params, test_list=str(path), test_list_sha256=digest), table
    )
    # Val has two of the other six nevi; one and a half are wanted, and half a nevus is 0.071 of all seven.
    assert metrics["worst_share_deviation"] == pytest.approx(0.5 / 7, abs=1e-6)
    assert splits[splits.split == "val"].image_id.tolist() == table.image_id[1:4].tolist()


def test_folds_that_can_all_pass_are_not_refused_and_test_each_image_once(
    tmp_path: Path, write_params: WriteParams
) -> None:
    table = table_of([(0, 3), (2, 2), (1, 1), (1, 2), (1, 0), (0, 2), (2, 1)])
    tested = []
    for fold in range(3):
        splits, metrics, _ = split(tmp_path, parameters(write_params, num_folds=3, fold=fold), table)
        assert metrics["worst_share_deviation"] <= 0.1
        tested += splits[splits.split == "test"].image_id.tolist()
    assert sorted(tested) == table.image_id.tolist()


def test_a_refusal_names_the_worst_share_and_says_that_none_is_nearer_if_that_is_proved(
    tmp_path: Path, write_params: WriteParams
) -> None:
    # The shares of melanomas are off by 0.2 at least (one patient has 8 of 10), those of nevi by 0.3.
    table = table_of([(8, 0), (1, 0), (1, 0), (0, 18), (0, 1), (0, 1)])
    message = (
        r"metadata.csv: 0\.900 of the diagnosis nevus would be in train, 0.6 is wanted; no split of whole groups "
        r"comes nearer. Add cases, or raise split.max_share_deviation \(0.1\)"
    )
    with pytest.raises(InputError, match=message):
        split(tmp_path, parameters(write_params), table)


def test_a_refusal_says_that_nothing_nearer_was_found_if_the_search_ended_early(
    tmp_path: Path, write_params: WriteParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Five kinds of groups in three splits are 15 numbers; with fewer, one kind stays where it is.
    monkeypatch.setattr(nearest, "MOST_NUMBERS", 12)
    table = table_of([(8, 0), (1, 0), (2, 0), (0, 18), (0, 1), (0, 1)])
    with pytest.raises(InputError, match=r"0\.900 of the diagnosis nevus .* this search found no nearer split"):
        split(tmp_path, parameters(write_params), table)


def test_a_refused_fold_claims_no_proof(tmp_path: Path, write_params: WriteParams) -> None:
    # Another division into folds might bring this one nearer at the cost of the others.
    table = table_of([(8, 0), (1, 0), (1, 0), (0, 18), (0, 1), (0, 1)])
    with pytest.raises(InputError, match=r"of the diagnosis .* this search found no nearer split"):
        split(tmp_path, parameters(write_params, num_folds=3, fold=0), table)
