"""Images of one patient, one lesion or one picture stay together, and the metrics say what would have leaked."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.builders import HAM10000, WriteParams, metadata_table, needs_ham10000
from tests.splitting import SPLIT, SYNTHETIC, split


def test_no_patient_is_in_two_splits(tmp_path: Path, write_params: WriteParams) -> None:
    generator = np.random.default_rng(0)
    patients = [f"p{n}" for n in generator.integers(60, size=300)]
    table = metadata_table(generator.choice(["nevus", "melanoma"], 300).tolist(), patient_id=patients)
    splits, metrics, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    assert splits.split.groupby(table.patient_id).nunique().max() == 1
    assert metrics["num_groups"] == len(set(patients))
    assert metrics["worst_share_deviation"] < 0.05


@needs_ham10000
def test_ham10000_is_split_by_lesion_to_within_one_image(tmp_path: Path, write_params: WriteParams) -> None:
    published = pd.read_csv(HAM10000 / "HAM10000_metadata.csv")
    table = metadata_table(
        published.dx.tolist(),
        image_id=published.image_id.tolist(),
        patient_id=[None] * len(published),
        lesion_id=published.lesion_id.tolist(),
    )
    splits, metrics, shares = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    lesions = splits.set_index("image_id").split.groupby(published.set_index("image_id").lesion_id)
    assert lesions.nunique().max() == 1
    totals = shares.groupby("diagnosis").num_images.transform("sum")
    assert (shares.num_images - shares.share_asked * totals).abs().max() <= 1
    assert metrics["num_groups"] == published.lesion_id.nunique()


def test_the_identifier_used_for_grouping_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 5, patient_id=[None] * 15)
    assert split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)[1]["grouped_by"] == "lesion_id"


def test_a_split_by_image_reports_its_leaks(tmp_path: Path, write_params: WriteParams) -> None:
    # Nevi in pairs, and single melanomas.
    table = metadata_table(
        ["nevus"] * 40 + ["melanoma"] * 20, patient_id=[f"p{n // 2 if n < 40 else n}" for n in range(60)]
    )
    whole = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)[1]
    splits, image_wise, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | {"scheme": "image"}), table)
    assert whole["leaked_test_share"] == 0
    # 36 of the 59 other images are drawn for training; one of them is the sibling.
    expected = {"all": 40 / 60 * 36 / 59, "melanoma": 0, "nevus": 36 / 59}
    assert whole["image_wise_leaked_test_share"] == pytest.approx(expected, abs=1e-6)
    assert image_wise["image_wise_leaked_test_share"] == pytest.approx(expected, abs=1e-6)
    trained = set(splits[splits.split == "train"].group_id)
    leaked = splits[splits.split == "test"].group_id.isin(trained).mean()
    assert image_wise["leaked_test_share"] == pytest.approx(leaked, abs=1e-6)
    assert leaked > 0.1
    # The groups do not depend on the scheme, because intervals resample them.
    assert splits.group_id.nunique() == image_wise["num_groups"] == 40


def test_copies_stay_in_one_split(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 60 + ["melanoma"] * 60)
    ids = table.image_id
    copies = pd.DataFrame({"image_id": ids[:60:2].tolist(), "other_image_id": ids[1:60:2].tolist()})
    splits, metrics, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table, copies)
    side = splits.set_index("image_id").split
    assert (side[copies.image_id].to_numpy() == side[copies.other_image_id].to_numpy()).all()
    assert metrics["num_groups"] == 90
