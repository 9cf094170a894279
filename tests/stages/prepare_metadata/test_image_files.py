"""Which of several files is the image, and which files are no image of their own."""

import json
from pathlib import Path
from typing import Any

import pytest

from lesions.errors import InputError
from lesions.images.photographs import DERIVED_NAME, IN_DERIVED_FOLDER, IN_PROGRAM_FOLDER
from lesions.tables.metadata import read_metadata
from tests.builders import WriteParams
from tests.preparation import BAD, GOOD, Case, prepare, write_folders


def passed_over(case: Case) -> dict[str, str]:
    rows = case.unused[case.unused.kind == "passed_over"]
    return dict(zip(rows.value, rows.reason, strict=True))


def add(case: Case, *files: str, sha256: str = "c" * 64, **changes: Any) -> None:
    for file in files:
        case.images.append(case.images[0] | {"file": file, "row": len(case.images), "sha256": sha256} | changes)


def test_masks_and_thumbnails_in_folders_of_diagnoses_are_not_used(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    files = (
        "melanoma/1.jpg",
        "melanoma/1_segmentation.png",
        "melanoma/2.jpg",
        "melanoma/2_segmentation.png",
        "nevus/3.jpg",
        "nevus/@eaDir/3.jpg/SYNOPHOTO_THUMB_M.jpg",
    )
    prepare(tmp_path, write_folders(tmp_path, *files, write_params=write_params))
    assert read_metadata(tmp_path / "metadata.csv").image_id.tolist() == ["melanoma/1", "melanoma/2", "nevus/3"]
    counts = json.loads((tmp_path / "data.json").read_text())
    assert counts["num_passed_over_files"] == 3
    assert counts["num_passed_over_files_by_reason"] == {IN_PROGRAM_FOLDER: 1, DERIVED_NAME: 2}
    assert f"2 × {DERIVED_NAME} (first: melanoma/1_segmentation.png)" in capsys.readouterr().out


def test_a_parameter_uses_them_all(tmp_path: Path, write_params: WriteParams) -> None:
    files = ("melanoma/1.jpg", "melanoma/1_mask.png", "nevus/2.jpg")
    prepare(tmp_path, write_folders(tmp_path, *files, write_params=write_params, only_photographs=False))
    assert len(read_metadata(tmp_path / "metadata.csv")) == 3


def test_a_table_beside_folders_names_what_is_wanted(tmp_path: Path, write_params: WriteParams) -> None:
    (tmp_path / "who.csv").write_text("photo,person\n1.jpg,P1\n1_small.jpg,P1\n2.jpg,P2\n")
    params = write_folders(
        tmp_path,
        "melanoma/1.jpg",
        "melanoma/1_small.jpg",
        "nevus/2.jpg",
        "nevus/2_small.jpg",
        write_params=write_params,
        table="who.csv",
        columns={"image_id": "photo", "patient_id": "person"},
    )
    prepare(tmp_path, params)
    names = read_metadata(tmp_path / "metadata.csv").image_id.tolist()
    assert names == ["melanoma/1", "melanoma/1_small", "nevus/2"]


def test_a_file_that_the_table_names_is_used_whatever_its_name(case: Case) -> None:
    add(case, "part_1/ISIC_9_mask.png", "masks/ISIC_8_mask.png")
    case.prepare(*GOOD, BAD.replace("ISIC_9", "ISIC_9_mask"))
    assert "ISIC_9_mask" in case.metadata.image_id.tolist()
    assert passed_over(case) == {"masks/ISIC_8_mask.png": IN_DERIVED_FOLDER}


def test_a_mask_of_the_same_name_does_not_stand_in_for_the_image(case: Case) -> None:
    add(case, "masks/ISIC_9.png")
    case.prepare(*GOOD, BAD)
    assert case.metadata.set_index("image_id").file["ISIC_9"] == "part_1/ISIC_9.jpg"
    assert passed_over(case) == {"masks/ISIC_9.png": IN_DERIVED_FOLDER}


def test_the_same_file_in_two_folders_counts_once(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    add(case, "part_2/ISIC_9.jpg", sha256="a" * 64)
    case.prepare(*GOOD, BAD)
    assert case.metadata.set_index("image_id").file["ISIC_9"] == "part_1/ISIC_9.jpg"
    assert passed_over(case) == {"part_2/ISIC_9.jpg": "has the name and the bytes of another file"}
    assert "passed over in ham10000:\n  1 × has the name and the bytes of another file" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "used"),
    [
        (("melanoma/a/1.jpg", "melanoma/b/1.jpg"), ["melanoma/a/1"]),
        (("melanoma/a/1.jpg", "melanoma/a/2.jpg"), ["melanoma/a/1", "melanoma/a/2"]),
        (("melanoma/1.jpg", "nevus/1.jpg"), ["melanoma/1", "nevus/1"]),
        (("train/nevus/1.jpg", "test/nevus/1.jpg"), ["test/nevus/1", "train/nevus/1"]),
    ],
    ids=["same name", "other name", "other diagnosis", "other split"],
)
def test_the_same_bytes_in_folders_count_once_if_all_else_is_the_same(
    tmp_path: Path, write_params: WriteParams, files: tuple[str, ...], used: list[str]
) -> None:
    prepare(tmp_path, write_folders(tmp_path, *files, write_params=write_params))
    assert read_metadata(tmp_path / "metadata.csv").image_id.tolist() == used


def test_a_format_that_is_not_read_is_named_for_the_row(case: Case) -> None:
    case.images[9] = {"file": "photos/ISIC_9.heic", "error": "HEIC, which is not read; save it as JPEG or PNG"}
    case.prepare(*GOOD, BAD)
    (refusal,) = case.rejected
    assert (refusal["column"], refusal["value"]) == ("file", "photos/ISIC_9.heic")
    assert refusal["reason"].startswith("HEIC, which is not read")


def test_a_raw_file_beside_the_photograph_is_passed_over(case: Case) -> None:
    case.images.append({"file": "part_1/ISIC_9.nef", "error": "RAW, which is not read; save it as JPEG or PNG"})
    case.prepare(*GOOD, BAD)
    assert len(case.metadata) == 10
    assert passed_over(case) == {"part_1/ISIC_9.nef": "is not read, and another file of the same name is"}


def test_hidden_files_are_counted(case: Case) -> None:
    case.images.append({"file": "part_1/._ISIC_9.jpg", "passed_over": "its name, or a folder's, begins with a dot"})
    case.prepare(*GOOD)
    assert list(passed_over(case)) == ["part_1/._ISIC_9.jpg"]


@pytest.mark.parametrize(
    ("file", "cell"),
    [
        (" ISIC_9.jpg", " ISIC_9.jpg"),
        (" ISIC_9.jpg", "ISIC_9"),
        (" ISIC_9.jpg", "ISIC_9 "),
        ("ISIC_9.jpg ", "ISIC_9.jpg "),
        ("ISIC_9 .jpg", "ISIC_9 "),
        ("deep/ ISIC_9.jpg", " ISIC_9.jpg"),
        ("ISIC_9.jpg", " ISIC_9 "),
        ("ISIC_9.jfif", "ISIC_9.jfif"),
    ],
)
def test_blanks_around_a_name_are_no_obstacle(case: Case, file: str, cell: str) -> None:
    case.images[9]["file"] = file
    case.prepare(*GOOD, BAD.replace("ISIC_9", cell))
    assert len(case.metadata) == 10


def test_names_that_differ_by_blanks_alone_are_two_images(case: Case) -> None:
    add(case, "part_1/ ISIC_9.jpg")
    case.prepare(*GOOD, BAD, BAD.replace("ISIC_9", " ISIC_9"))
    files = case.metadata.file.tolist()
    assert {"part_1/ISIC_9.jpg", "part_1/ ISIC_9.jpg"} <= set(files)


def test_a_dataset_whose_images_are_all_of_another_format_says_so(case: Case) -> None:
    case.images = [
        {"file": f"ISIC_{n}.dcm", "error": "DICOM, which is not read; save it as JPEG or PNG"} for n in range(9)
    ]
    with pytest.raises(InputError, match="no row can be used:\n  9 × file: DICOM, which is not read"):
        case.prepare(*GOOD, allowed=1.0)
