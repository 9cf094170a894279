"""Published datasets that are not at hand: whole tables in their layout, with images, up to the split."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests import published_tables as made
from tests.builders import WriteParams
from tests.layouts import Run, count_words


@pytest.fixture
def run(tmp_path: Path, write_params: WriteParams) -> Run:
    return Run(tmp_path, write_params)


def test_slice_3d_is_grouped_by_patient_and_reads_nothing_that_gives_the_answer_away(run: Run) -> None:
    published = made.make_slice_3d()
    assert published.shape == (200, 55)
    published.to_csv(run.root / "train-metadata.csv", index=False)
    made.write_images(run.root, [f"train-image/image/{name}.jpg" for name in published.isic_id])
    table = run.run("slice_3d")
    assert count_words(table) == {"benign": 180, "malignant": 20}
    assert table.lesion_id.isna().all()
    assert table.patient_id.nunique() == published.patient_id.nunique()
    assert json.loads((run.folder / "split.json").read_text())["grouped_by"] == "patient_id"
    assert run.counts["num_images_by_licence"]["slice_3d"] == published.copyright_license.value_counts().to_dict()


def test_milk10k_joins_the_diagnosis_by_lesion_and_keeps_both_views_together(run: Run) -> None:
    metadata, truth = made.make_milk10k()
    metadata.to_csv(run.root / "MILK10k_Training_Metadata.csv", index=False)
    truth.to_csv(run.root / "MILK10k_Training_GroundTruth.csv", index=False)
    # Copies on Kaggle nest the folder twice.
    nested = "MILK10k_Training_Input/MILK10k_Training_Input"
    views = zip(metadata.lesion_id, metadata.isic_id, strict=True)
    made.write_images(run.root, [f"{nested}/{lesion}/{name}.jpg" for lesion, name in views])
    table = run.run("milk10k")
    expected = metadata.merge(truth, on="lesion_id").set_index("isic_id")
    assert len(table) == 240
    assert (table.groupby("lesion_id").size() == 2).all()
    assert (expected.loc[table.image_id, list(made.MILK10K)].idxmax(axis=1) == "MEL").tolist() == (
        table.diagnosis == "melanoma"
    ).tolist()
    assert {"other_benign", "other_malignant", "inflammatory_or_infectious"} < set(table.diagnosis)
    assert run.counts["num_images_by_licence"] == {"milk10k": {"CC-BY-NC": 240}}


def test_bcn20000_has_lesions(run: Run) -> None:
    published = made.make_bcn20000()
    published.to_csv(run.root / "bcn_20k_train.csv", index=False)
    made.write_images(run.root, [f"BCN_20k_train/bcn_20k_train/{name}" for name in published.bcn_filename])
    table = run.run("bcn20000")
    assert (len(table), table.lesion_id.nunique(), table.diagnosis.nunique()) == (160, 80, 8)


def test_derm7pt_tests_on_its_published_cases(run: Run) -> None:
    published, rows = made.make_derm7pt()
    (run.root / "meta").mkdir()
    published.to_csv(run.root / "meta/meta.csv", index=False)
    for name, numbers in rows.items():
        pd.DataFrame({"indexes": numbers}).to_csv(run.root / f"meta/{name}_indexes.csv", index=False)
    made.write_images(run.root, [f"images/{file}" for column in ("clinic", "derm") for file in published[column]])
    table = run.run("derm7pt", split={"test_list": "published"})
    in_test = {Path(published.derm[number]).stem for number in rows["test"]}
    assert set(table.image_id[table.split == "test"]) == in_test & set(table.image_id)
    assert set(table.image_id[table.published_split == "val"]) <= {
        Path(published.derm[n]).stem for n in rows["valid"]
    }
    assert count_words(table) == {
        "basal_cell_carcinoma": 15, "benign_keratosis": 15, "melanoma": 30, "nevus": 30, "other_benign": 15
    }  # fmt: skip
    # Miscellaneous ones are left out, and of clinical images no row is read.
    assert run.counts["num_left_out_by_reason"]["no_diagnosis"] == 15
    assert run.counts["num_unlisted_files"] == 120


def test_fitzpatrick17k_is_read_without_its_lost_images_and_wrong_labels(run: Run) -> None:
    published = made.make_fitzpatrick17k()
    published.to_csv(run.root / "fitzpatrick17k.csv", index=False)
    made.write_images(run.root, [f"images/{name}.jpg" for name in published.md5hash[10:]])
    table = run.run("fitzpatrick17k", max_rejected_fraction=0.1)
    assert count_words(table) == {
        "melanoma": 30, "nevus": 30, "non_neoplastic": 30, "other_benign": 30, "other_malignant": 29
    }  # fmt: skip
    assert set(table.fitzpatrick_type.dropna()) == {"1", "2", "6"}
    used = published[10:][published.qc[10:] != "3 Wrongly labelled"]
    assert table.fitzpatrick_type.isna().sum() == (used.fitzpatrick_scale == "-1").sum()
    # Of the ten without an image, one is called wrong too.
    assert (run.counts["num_rejected"], run.counts["num_left_out_by_reason"]["wrong_label"]) == (9, 2)


def test_skin_tones_of_ddi_stay_pairs_of_types(run: Run) -> None:
    published = made.make_ddi()
    published.to_csv(run.root / "ddi_metadata.csv", index=False)
    made.write_images(run.root, [f"images/{name}" for name in published.DDI_file])
    table = run.run("ddi")
    assert count_words(table) == {"melanoma": 30, "nevus": 30, "other_benign": 30, "other_malignant": 30}
    assert table.fitzpatrick_type.value_counts().to_dict() == {"1-2": 40, "3-4": 40, "5-6": 40}


def test_ph2_is_read_from_its_text_file_and_takes_no_mask_for_an_image(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    (run.root / "PH2_dataset.txt").write_text(made.make_ph2())
    names = [f"IMD{n:03d}" for n in range(2, 122)]
    files = [f"PH2 Dataset images/{name}/{name}_Dermoscopic_Image/{name}.bmp" for name in names]
    masks = [f"PH2 Dataset images/{name}/{name}_lesion/{name}_lesion.bmp" for name in names]
    made.write_images(run.root, files + masks)
    table = run.run("ph2")
    assert count_words(table) == {"nevus": 80, "melanoma": 40}
    assert not table.file.str.contains("_lesion").any()
    noted = "ph2: PH2_dataset.txt: lines below the table that are passed over: 4 (first: line 123, 'Legends for Clin"
    assert noted in capsys.readouterr().out
