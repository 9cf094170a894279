"""The tables of published datasets are read as they were published."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from lesions.tables.index import write_index
from lesions.tables.metadata import read_metadata
from tests.builders import HAM10000, PAD_UFES_20, WriteParams, dataset_section, needs_ham10000, needs_pad_ufes_20
from tests.preparation import index_rows, prepare


def test_one_image_of_published_copies_is_kept(tmp_path: Path, write_params: WriteParams) -> None:
    """0 and 1 are copies of each other; 2 is a copy of an image without a file; 4 is a copy of 3."""
    header = "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,target"
    rows = [f"ISIC_{n},P{n},male,50,torso,unknown,benign,0" for n in (0, 1, 2, 3, 4)]
    (tmp_path / "ISIC_2020_Training_GroundTruth.csv").write_text("\n".join([header, *rows]) + "\n")
    pairs = ["ISIC_0,ISIC_1", "ISIC_1,ISIC_0", "ISIC_9,ISIC_2", "ISIC_3.jpg,ISIC_4.jpg"]
    (tmp_path / "ISIC_2020_Training_Duplicates.csv").write_text(
        "\n".join(["image_name_1,image_name_2", *pairs]) + "\n"
    )
    write_index(tmp_path / "images.csv", index_rows([f"ISIC_{n}" for n in range(5)]))
    prepare(tmp_path, write_params(dataset=dataset_section(tmp_path, "siim_isic_2020")))
    assert read_metadata(tmp_path / "metadata.csv").image_id.tolist() == ["ISIC_0", "ISIC_2", "ISIC_3"]


def write_isic_2019(folder: Path, *rows: str) -> None:
    header = "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK"
    (folder / "ISIC_2019_Training_GroundTruth.csv").write_text("\n".join([header, *rows]) + "\n")
    metadata = [f"ISIC_{n},55,back,L{n},female" for n in range(3)]
    (folder / "ISIC_2019_Training_Metadata.csv").write_text(
        "\n".join(["image,age_approx,anatom_site_general,lesion_id,sex", *metadata]) + "\n"
    )
    write_index(folder / "images.csv", index_rows([f"ISIC_{n}" for n in range(4)]))


def test_two_tables_are_joined_and_unknown_diagnoses_are_left_out(tmp_path: Path, write_params: WriteParams) -> None:
    mel, nv, unk, bad = "1" + ",0" * 8, "0,1" + ",0" * 7, "0," * 8 + "1", "1,1" + ",0" * 7
    write_isic_2019(tmp_path, f"ISIC_0,{mel}", f"ISIC_1,{nv}", f"ISIC_2,{unk}", f"ISIC_3,{mel}", f"ISIC_4,{bad}")
    prepare(tmp_path, write_params(dataset=dataset_section(tmp_path, "isic2019", max_rejected_fraction=0.4)))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata[["image_id", "diagnosis", "lesion_id"]].to_numpy().tolist() == [
        ["ISIC_0", "melanoma", "L0"],
        ["ISIC_1", "nevus", "L1"],
    ]
    rejected = pd.read_csv(tmp_path / "rejected.csv")
    assert rejected[["line", "kind", "reason"]].to_numpy().tolist() == [
        [4, "left_out", "no diagnosis is known"],
        [5, "refused", "has no row in ISIC_2019_Training_Metadata.csv"],
        [6, "refused", "expected at most one 1, and 0 in the other columns"],
    ]


@needs_ham10000
def test_the_whole_table_of_ham10000_is_read(tmp_path: Path, write_params: WriteParams) -> None:
    published = pd.read_csv(HAM10000 / "HAM10000_metadata.csv")
    write_index(tmp_path / "images.csv", index_rows(published.image_id.tolist()))
    params = write_params(dataset=dataset_section(HAM10000, "ham10000"))
    prepare(tmp_path, params)
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert len(metadata) == len(published) == 7982
    assert metadata.lesion_id.nunique() == 5975
    assert (metadata.diagnosis == "melanoma").sum() == (published.dx == "mel").sum()
    np.testing.assert_array_equal(metadata.age_years.isna().sum(), published.age.isna().sum())


@needs_pad_ufes_20
def test_the_whole_table_of_pad_ufes_20_is_read(tmp_path: Path, write_params: WriteParams) -> None:
    published = pd.read_csv(PAD_UFES_20 / "metadata_full.csv", dtype=str, keep_default_na=False)
    published.to_csv(tmp_path / "metadata.csv", index=False)
    write_index(tmp_path / "images.csv", index_rows([Path(name).stem for name in published.img_id]))
    prepare(tmp_path, write_params(dataset=dataset_section(tmp_path, "pad_ufes_20")))
    metadata = read_metadata(tmp_path / "metadata.csv")
    # Table 2 of Pacheco et al. 2020.
    assert metadata.diagnosis.value_counts().to_dict() == {
        "basal_cell_carcinoma": 845,
        "actinic_keratosis": 730,
        "nevus": 244,
        "benign_keratosis": 235,
        "squamous_cell_carcinoma": 192,
        "melanoma": 52,
    }
    counts = json.loads((tmp_path / "data.json").read_text())
    assert (counts["num_images"], counts["num_patients"], counts["num_rejected"]) == (2298, 1373, 0)
    assert published.groupby("lesion_id").patient_id.nunique().max() > 1
    assert counts["num_lesions_of_several_patients"] == 0
    assert metadata.fitzpatrick_type.dropna().isin(list("123456")).all()
    assert metadata.fitzpatrick_type.notna().sum() == (published.fitspatrick != "").sum()


def test_the_training_table_of_isic_2018_has_its_lesions(tmp_path: Path, write_params: WriteParams) -> None:
    folder = tmp_path / "ISIC2018_Task3_Training_GroundTruth"
    folder.mkdir()
    rows = ["ISIC_0,0.0,1.0,0.0,0.0,0.0,0.0,0.0", "ISIC_1,0.0,1.0,0.0,0.0,0.0,0.0,0.0", "ISIC_2,0,0,0,0,1,0,0"]
    truth = "\n".join(["image,MEL,NV,BCC,AKIEC,BKL,DF,VASC", *rows]) + "\n"
    (folder / "ISIC2018_Task3_Training_GroundTruth.csv").write_text(truth)
    confirmed = ("serial imaging showing no change", "histopathology", "single image expert consensus")
    groups = [f"ISIC_{n},HAM_{n // 2},{confirmed[n]}" for n in range(3)]
    header = "image,lesion_id,diagnosis_confirm_type"
    (tmp_path / "ISIC2018_Task3_Training_LesionGroupings.csv").write_text("\n".join([header, *groups]) + "\n")
    write_index(tmp_path / "images.csv", index_rows([f"ISIC_{n}" for n in range(3)]))
    prepare(tmp_path, write_params(dataset=dataset_section(tmp_path, "isic2018")))
    columns = ["image_id", "diagnosis", "lesion_id", "diagnosis_confirmation"]
    assert read_metadata(tmp_path / "metadata.csv")[columns].to_numpy().tolist() == [
        ["ISIC_0", "nevus", "HAM_0", "follow_up"],
        ["ISIC_1", "nevus", "HAM_0", "histopathology"],
        ["ISIC_2", "benign_keratosis", "HAM_1", "consensus"],
    ]
