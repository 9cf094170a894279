"""Every row of every table is counted once: as an image, as refused, or as left out for one reason."""

import json
from pathlib import Path

import pytest

from lesions.datasets.refusals import LEFT_OUT
from lesions.tables.index import write_index
from tests.builders import WriteParams, dataset_section
from tests.preparation import index_rows, prepare

ISIC_2019 = ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK"]


def write_isic_2019(folder: Path, *diagnoses: str) -> None:
    folder.mkdir()
    rows = [[f"OLD_{n}", *(str(int(name == word)) for word in ISIC_2019)] for n, name in enumerate(diagnoses)]
    truth = "\n".join(map(",".join, [["image", *ISIC_2019], *rows]))
    (folder / "ISIC_2019_Training_GroundTruth.csv").write_text(truth)
    about = [f"OLD_{n},55,back,L{n},female" for n in range(len(diagnoses))]
    header = "image,age_approx,anatom_site_general,lesion_id,sex"
    (folder / "ISIC_2019_Training_Metadata.csv").write_text("\n".join([header, *about]))


def write_siim_isic_2020(folder: Path, *rows: str) -> None:
    folder.mkdir()
    header = "image_name,patient_id,benign_malignant,age_approx,sex,anatom_site_general_challenge"
    (folder / "ISIC_2020_Training_GroundTruth.csv").write_text("\n".join([header, *rows]))
    (folder / "ISIC_2020_Training_Duplicates.csv").write_text("image_name_1,image_name_2\nNEW_0,NEW_1\nNEW_0,NEW_2\n")


def test_every_row_is_counted_once(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    write_isic_2019(tmp_path / "isic2019", "MEL", "UNK", "NV", "UNK", "DF", "UNK")
    write_siim_isic_2020(
        tmp_path / "siim_isic_2020",
        "NEW_0,P0,malignant,50,male,torso",
        "NEW_1,P0,malignant,50,male,torso",
        "NEW_2,P0,malignant,50,male,torso",
        "NEW_3,P3,benign,50,male,torso",
        "NEW_3,P3,benign,50,male,torso",
        "NEW_4,P4,malignant,999,male,torso",
    )
    files = index_rows([*(f"OLD_{n}" for n in range(6)), *(f"NEW_{n}" for n in range(6))])
    for image in files:
        image["file"] = ("isic2019/" if "OLD" in image["file"] else "siim_isic_2020/") + image["file"]
    write_index(tmp_path / "images.csv", files)
    section = dataset_section(
        tmp_path, "isic2019", "siim_isic_2020", max_rejected_fraction=0.2, diagnoses=["melanoma", "nevus"]
    )
    prepare(tmp_path, write_params(dataset=section))
    counts = json.loads((tmp_path / "data.json").read_text())
    # Not used are the dermatofibroma and the benign image, which repeats itself; the last file has no row.
    assert counts["num_left_out_by_reason"] == dict.fromkeys(LEFT_OUT, 0) | {
        "diagnosis_not_used": 2,
        "no_diagnosis": 3,
        "published_copy": 2,
        "repeated": 1,
    }
    assert (counts["num_rows"], counts["num_images"], counts["num_rejected"], counts["num_left_out"]) == (12, 3, 1, 8)
    assert counts["num_unlisted_files"] == 1
    shown = capsys.readouterr().out
    assert "12 rows: 3 images accepted, 1 rows refused and 8 left out, 1 image files that no table lists" in shown
