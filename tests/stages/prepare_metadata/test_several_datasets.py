"""Several datasets become one table."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lesions.errors import InputError
from lesions.tables.index import write_index
from lesions.tables.metadata import read_metadata
from tests.builders import TASK, WriteParams, dataset_section
from tests.preparation import GOOD, HEADER, index_rows, prepare


def task(name: str) -> dict[str, Any]:
    return TASK | {"name": name}


def write_two(folder: Path) -> None:
    """Write HAM10000 and PAD-UFES-20, with an image, a lesion and a patient of the same name in both."""
    ham, pad = folder / "ham10000", folder / "pad_ufes_20"
    ham.mkdir()
    pad.mkdir()
    rows = [GOOD[0], GOOD[1].replace("mel", "nv"), GOOD[2].replace("mel", "df")]
    (ham / "HAM10000_metadata.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    header = "img_id,patient_id,lesion_id,diagnostic,biopsed,age,gender,region,fitspatrick"
    rows = ["ISIC_0.png,P1,HAM_0,MEL,True,50,FEMALE,ARM,2.0", "PAD_1.png,P1,7,SCC,True,50,FEMALE,ARM,2.0"]
    (pad / "metadata.csv").write_text("\n".join([header, *rows]) + "\n")
    indexed = index_rows([f"ISIC_{n}" for n in range(3)] + ["ISIC_0", "PAD_1"])
    for row, image in enumerate(indexed):
        image["file"] = ("ham10000/" if row < 3 else "pad_ufes_20/") + image["file"]
    write_index(folder / "images.csv", indexed)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {},
            {
                "ham10000": ["melanoma", "nevus", "dermatofibroma"],
                "pad_ufes_20": ["melanoma", "squamous_cell_carcinoma"],
            },
        ),
        ({"diagnoses": "shared"}, {"ham10000": ["melanoma"], "pad_ufes_20": ["melanoma"]}),
        ({"diagnoses": ["melanoma", "nevus"]}, {"ham10000": ["melanoma", "nevus"], "pad_ufes_20": ["melanoma"]}),
        (
            {"names": ["ham10000"], "external": ["pad_ufes_20"]},
            {"ham10000": ["melanoma", "nevus", "dermatofibroma"], "pad_ufes_20": ["melanoma"]},
        ),
    ],
    ids=["union", "intersection", "list", "external"],
)
def test_several_datasets_are_joined_into_one_table(
    tmp_path: Path, write_params: WriteParams, changes: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    write_two(tmp_path)
    section = dataset_section(tmp_path, "ham10000", "pad_ufes_20") | changes
    prepare(tmp_path, write_params(dataset=section, task=task("diagnosis")))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert {source: rows.diagnosis.tolist() for source, rows in metadata.groupby("source")} == expected
    assert metadata.image_id.is_unique
    same_name = metadata[metadata.image_id.str.endswith("/ISIC_0")]
    assert same_name.lesion_id.tolist() == ["ham10000/HAM_0", "pad_ufes_20/P1/HAM_0"]
    assert same_name.file.tolist() == ["ham10000/part_1/ISIC_0.jpg", "pad_ufes_20/part_1/ISIC_0.jpg"]
    left_out = sum(map(len, expected.values()))
    assert json.loads((tmp_path / "data.json").read_text())["num_left_out"] == 5 - left_out


SIIM = "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,benign_malignant"
ARCHIVE = "isic_id,patient_id,sex,age_approx,diagnosis_3,image_type,copyright_license"
ISIC_2019 = "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK"
NUMBERED: dict[str, dict[str, list[str]]] = {
    "siim_isic_2020": {
        "ISIC_2020_Training_GroundTruth.csv": [SIIM, "I1,IP_1,male,50,,benign", "I2,IP_2,,,,malignant"]
    },
    "isic_archive": {"metadata.csv": [ARCHIVE, "I3,IP_1,male,50,Nevus,,", "I4,IP_3,,,Melanoma,,"]},
    "ham10000": {"HAM10000_metadata.csv": [HEADER, *GOOD[:2]]},
    "isic2019": {
        "ISIC_2019_Training_GroundTruth.csv": [ISIC_2019, "I1,1,0,0,0,0,0,0,0,0", "I2,1,0,0,0,0,0,0,0,0"],
        "ISIC_2019_Training_Metadata.csv": [
            "image,age_approx,anatom_site_general,lesion_id,sex",
            "I1,,,HAM_1,",
            "I2,,,BCN_1,",
        ],
    },
    "bcn20000": {
        "bcn_20k_train.csv": [
            "bcn_filename,age_approx,anatom_site_general,diagnosis,lesion_id,capture_date,sex",
            *["BCN_1.jpg,,,MEL,BCN_1,,", "BCN_2.jpg,,,MEL,BCN_2,,"],
        ]
    },
}
SAME = "have an identifier that is in both, and count as the same (they are numbered together)"
DIFFERENT = (
    "have an identifier that is in both, or a similar one, and count as different lesions, which may be on two sides "
    "of the split; if they are the same, describe one of the two in dataset.sources, with same_patients_as"
)


@pytest.mark.parametrize(
    ("names", "field", "expected", "said"),
    [
        (
            ["siim_isic_2020", "isic_archive"],
            "patient_id",
            ["siim_isic_2020/IP_1", "siim_isic_2020/IP_3", "siim_isic_2020/IP_1", "siim_isic_2020/IP_2"],
            f"siim_isic_2020 and isic_archive: 1 patients {SAME}",
        ),
        (
            ["isic2019", "ham10000"],
            "lesion_id",
            ["isic2019/HAM_0", "isic2019/HAM_1", "isic2019/HAM_1", "isic2019/BCN_1"],
            f"isic2019 and ham10000: 1 lesions {SAME}",
        ),
        (
            ["isic2019", "bcn20000"],
            "lesion_id",
            ["bcn20000/BCN_1", "bcn20000/BCN_2", "isic2019/HAM_1", "isic2019/BCN_1"],
            f"isic2019 and bcn20000: 1 lesions {DIFFERENT}",
        ),
    ],
)
def test_published_datasets_are_tied_where_they_are_numbered_together_and_others_doubted(
    tmp_path: Path,
    write_params: WriteParams,
    capsys: pytest.CaptureFixture[str],
    *,
    names: list[str],
    field: str,
    expected: list[str],
    said: str,
) -> None:
    images = {"ham10000": ["ISIC_0", "ISIC_1"], "isic_archive": ["I3", "I4"], "bcn20000": ["BCN_1", "BCN_2"]}
    files = [f"{name}/{image}.jpg" for name in names for image in images.get(name, ["I1", "I2"])]
    write_index(tmp_path / "images.csv", [row | {"file": files[row["row"]]} for row in index_rows(files)])
    for name in names:
        (tmp_path / name).mkdir()
        for file, lines in NUMBERED[name].items():
            (tmp_path / name / file).write_text("\n".join(lines) + "\n")
    archive = {"level": None, "licences": ["not stated"], "image_types": ["not stated"]}
    section = dataset_section(tmp_path, names[0], external=names[1:])
    section["isic_archive"] = archive if "isic_archive" in names else None
    prepare(tmp_path, write_params(dataset=section, task=task("malignancy")))
    assert read_metadata(tmp_path / "metadata.csv")[field].tolist() == expected
    assert f"{said}\n" in capsys.readouterr().out


def test_a_listed_diagnosis_without_images_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    write_two(tmp_path)
    section = dataset_section(
        tmp_path, "ham10000", external=["pad_ufes_20"], diagnoses=["melanoma", "squamous_cell_carcinoma"]
    )
    params = write_params(dataset=section, task=task("diagnosis"))
    with pytest.raises(InputError, match=r"no image of ham10000 has the diagnosis squamous_cell_carcinoma"):
        prepare(tmp_path, params)


@pytest.mark.parametrize(
    ("neither", "diagnoses", "message"),
    [
        (
            ["dermatofibroma", "melanoma", "nevus"],
            "all",
            "task.neither: all images of ham10000 have diagnoses that are neither malignant nor benign",
        ),
        (
            ["benign_keratosis"],
            ["squamous_cell_carcinoma", "basal_cell_carcinoma"],
            "dataset.diagnoses: ham10000 share no diagnosis, or have none of those that are listed",
        ),
    ],
)
def test_that_no_image_to_train_on_is_left_is_said_even_if_external_ones_are(
    tmp_path: Path, write_params: WriteParams, *, neither: list[str], diagnoses: Any, message: str
) -> None:
    write_two(tmp_path)
    pad = tmp_path / "pad_ufes_20/metadata.csv"
    pad.write_text(pad.read_text().replace("MEL", "BCC"))
    section = dataset_section(tmp_path, "ham10000", external=["pad_ufes_20"], diagnoses=diagnoses)
    sides = {side: [one for one in TASK[side] if one not in neither] for side in ("malignant", "benign")}
    params = write_params(dataset=section, task=task("malignancy") | sides | {"neither": neither})
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        prepare(tmp_path, params)


@pytest.mark.parametrize(
    ("name", "diagnoses", "kept"),
    [
        ("diagnosis", "all", ["melanoma"]),
        ("malignancy", "all", ["benign", "melanoma"]),
        ("malignancy", "shared", ["benign", "melanoma"]),
        ("malignancy", ["melanoma", "nevus"], ["melanoma"]),
        ("malignancy", ["benign", "melanoma", "nevus"], ["benign", "melanoma"]),
    ],
)
def test_with_the_task_malignancy_external_images_may_have_any_diagnosis(
    tmp_path: Path, write_params: WriteParams, name: str, diagnoses: Any, kept: list[str]
) -> None:
    write_two(tmp_path)
    other = tmp_path / "siim_isic_2020"
    other.mkdir()
    header = "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,benign_malignant"
    (other / "ISIC_2020_Training_GroundTruth.csv").write_text(
        f"{header}\nISIC_7,P1,male,50,torso,benign\nISIC_8,P2,male,50,torso,malignant\n"
    )
    images = index_rows(["ISIC_0", "ISIC_1", "ISIC_2", "ISIC_7", "ISIC_8"])
    for image in images:
        image["file"] = ("siim_isic_2020/" if image["row"] > 2 else "ham10000/") + image["file"]
    write_index(tmp_path / "images.csv", images)
    section = dataset_section(tmp_path, "ham10000", external=["siim_isic_2020"], diagnoses=diagnoses)
    prepare(tmp_path, write_params(dataset=section, task=task(name)))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert sorted(metadata.diagnosis[metadata.source == "siim_isic_2020"]) == kept
    assert "benign" not in set(metadata.diagnosis[metadata.source == "ham10000"])
