"""Images of one patient, one lesion or one picture stay together, and the metrics say what would have leaked."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.tables.splits import read_split_metadata
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


def test_without_identifiers_no_leak_is_reported(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    table = metadata_table(["nevus", "melanoma"] * 5, patient_id=[None] * 10, lesion_id=[None] * 10)
    split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    shown = capsys.readouterr().out
    assert "the data name no patient and no lesion: only copies are kept together" in shown
    assert "0.0%" not in shown


def test_images_without_identifiers_are_counted(tmp_path: Path, write_params: WriteParams) -> None:
    diagnoses = ["nevus"] * 10 + ["melanoma"] * 5
    table = metadata_table(diagnoses)
    table.loc[:3, "patient_id"] = None
    table.loc[2:5, "lesion_id"] = None
    metrics = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)[1]
    assert (metrics["num_images_without_patient"], metrics["num_images_without_identifier"]) == (4, 2)


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


@pytest.mark.parametrize(("choice", "num_dropped"), [("drop", 3), ("keep", 0)])
def test_copies_with_different_diagnoses_are_dropped_or_kept(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str], choice: str, num_dropped: int
) -> None:
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 10)
    # The first nevus, its copy, and a melanoma that is a copy of that copy.
    copies = pd.DataFrame({"image_id": ["image_0000", "image_0001"], "other_image_id": ["image_0001", "image_0010"]})
    splits, metrics, _ = split(
        tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | {"conflicting_copies": choice}), table, copies
    )
    dropped = splits[splits.split == "dropped"].image_id.tolist()
    assert dropped == ["image_0000", "image_0001", "image_0010"][:num_dropped]
    assert (metrics["num_conflicting_images"], metrics["num_conflicting_images_dropped"]) == (3, num_dropped)
    assert sum(metrics["num_images"].values()) == len(splits) - num_dropped == 20 - num_dropped
    assert f"3 images have copies with another diagnosis; {num_dropped} were dropped" in capsys.readouterr().out
    seen = read_split_metadata(tmp_path / "metadata.csv", tmp_path / "splits.csv")
    assert set(seen.image_id) == set(table.image_id) - set(dropped)


def test_a_diagnosis_whose_images_all_conflict_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 9 + ["melanoma"])
    copies = pd.DataFrame({"image_id": ["image_0000"], "other_image_id": ["image_0009"]})
    message = r"every image of the diagnosis melanoma has a copy with another diagnosis; .* split.conflicting_copies"
    with pytest.raises(InputError, match=message):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table, copies)
