"""Tests that each valid image has one row, and others are refused by line, column, value and reason."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.tables.index import write_index
from lesions.tables.metadata import COLUMNS, read_metadata
from stages import prepare_metadata
from tests.builders import (
    HAM10000,
    PAD_UFES_20,
    WriteParams,
    dataset_section,
    needs_ham10000,
    needs_pad_ufes_20,
)

HEADER = "lesion_id,image_id,dx,dx_type,age,sex,localization"
GOOD = [f"HAM_{n},ISIC_{n},mel,histo,{50 + n}.0,male,back" for n in range(9)]


def index_rows(ids: list[str]) -> list[dict[str, Any]]:
    sizes = {"width_px": 600, "height_px": 450, "sha256": "a" * 64, "perceptual_hash": "b" * 200}
    return [{"file": f"part_1/{image_id}.jpg", "row": row, **sizes} for row, image_id in enumerate(ids)]


def prepare(root: Path, folder: Path, params: Path) -> None:
    """Run the stage with its index and its outputs in a folder."""
    prepare_metadata.main(
        root,
        folder / "images.csv",
        folder / "metadata.csv",
        folder / "rejected.csv",
        folder / "data.json",
        params,
    )


class Case:
    """A folder with a dataset's table and the index of its images."""

    def __init__(self, folder: Path, write_params: WriteParams) -> None:
        self.folder = folder
        self.write_params = write_params
        self.images = index_rows([f"ISIC_{n}" for n in range(10)])

    def prepare(self, *lines: str, header: str = HEADER, allowed: float = 0.2) -> None:
        (self.folder / "HAM10000_metadata.csv").write_text("\n".join([header, *lines]) + "\n")
        write_index(self.folder / "images.csv", self.images)
        section = dataset_section(self.folder, "ham10000", max_rejected_fraction=allowed)
        params = self.write_params(dataset=section)
        prepare(self.folder, self.folder, params)

    @property
    def metadata(self) -> pd.DataFrame:
        return read_metadata(self.folder / "metadata.csv")

    @property
    def rejected(self) -> list[dict[Any, Any]]:
        table = self.unused
        return table[table.kind != "unlisted"].astype({"line": int}).to_dict("records")

    @property
    def unused(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "rejected.csv", dtype=str, keep_default_na=False)

    @property
    def metrics(self) -> dict[str, Any]:
        return json.loads((self.folder / "data.json").read_text())


@pytest.fixture
def case(tmp_path: Path, write_params: WriteParams) -> Case:
    return Case(tmp_path, write_params)


def test_a_row_is_translated(case: Case) -> None:
    case.prepare("HAM_9,ISIC_9,akiec,confocal,unknown,unknown,unknown", *GOOD)
    assert case.metadata.columns.tolist() == COLUMNS
    translated = case.metadata.set_index("image_id").loc["ISIC_9"].dropna().to_dict()
    assert translated == {
        "file": "part_1/ISIC_9.jpg",
        "row": 9,
        "source": "ham10000",
        "lesion_id": "HAM_9",
        "diagnosis": "actinic_keratosis",
        "diagnosis_confirmation": "confocal_microscopy",
        "width_px": 600,
        "height_px": 450,
        "sha256": "a" * 64,
        "perceptual_hash": "b" * 200,
    }
    full = case.metadata.set_index("image_id").loc["ISIC_0"]
    assert (full.age_years, full.sex, full.site, full.diagnosis) == (50.0, "male", "back", "melanoma")


def test_images_may_be_named_with_folder_and_suffix(case: Case) -> None:
    case.prepare(*(line.replace("ISIC_", "photos/ISIC_").replace(",mel", ".JPG,mel") for line in GOOD))
    assert case.metadata.image_id.tolist() == [f"ISIC_{n}" for n in range(9)]
    assert case.metrics["num_unlisted_files"] == 1


def test_a_file_that_no_row_names_is_listed_after_the_rows(case: Case) -> None:
    case.prepare(*GOOD, BAD.replace("ISIC_9", "ISIC_77"))
    assert case.unused.iloc[:, 1:].to_numpy().tolist() == [
        ["11", "ISIC_77", "image_id", "ISIC_77", "refused", "has no image file"],
        ["", "ISIC_9", "file", "part_1/ISIC_9.jpg", "unlisted", "no row names this file"],
    ]
    assert (case.metrics["num_rejected"], case.metrics["num_unlisted_files"]) == (1, 1)


def test_rows_are_sorted_by_image(case: Case) -> None:
    case.prepare(*reversed(GOOD))
    assert case.metadata.image_id.tolist() == [f"ISIC_{n}" for n in range(9)]


def test_images_lesions_and_rejections_are_counted(case: Case) -> None:
    case.prepare(*GOOD[:8], GOOD[8].replace("HAM_8", "HAM_7"))
    assert case.metrics == {
        "schema": 1,
        "num_images": 9,
        "num_images_by_source": {"ham10000": 9},
        "num_left_out": 0,
        "num_lesions": 8,
        "num_lesions_of_several_patients": 0,
        "num_patients": 0,
        "num_rejected": 0,
        "num_unlisted_files": 1,
    }


def test_lesions_of_several_patients_are_counted(case: Case) -> None:
    lines = [line.replace(f"HAM_{n}", "HAM_0") if n in (1, 2) else line for n, line in enumerate(GOOD)]
    case.prepare(*(f"{line},P{n}" for n, line in enumerate(lines)), header=f"{HEADER},patient_id")
    assert case.metrics["num_lesions_of_several_patients"] == 1


def test_reasons_are_shown_even_if_the_run_continues(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case.prepare(*GOOD[:8], GOOD[8].replace("mel", "wart"))
    shown = capsys.readouterr().out
    assert "refused:\n  1 × dx: is unknown; known are akiec" in shown
    assert "no image is left of the diagnosis 'wart', which is in 1 rows" in shown
    assert "the diagnosis 'mel'" not in shown


def test_a_patient_column_is_read_if_there_is_one(case: Case) -> None:
    case.prepare(*(f"{line},P{n // 2}" for n, line in enumerate(GOOD)), header=f"{HEADER},patient_id")
    assert case.metadata.patient_id.tolist() == ["P0", "P0", "P1", "P1", "P2", "P2", "P3", "P3", "P4"]


BAD = "HAM_9,ISIC_9,mel,histo,50.0,male,back"


@pytest.mark.parametrize(
    ("line", "column", "value", "reason"),
    [
        (
            BAD.replace("mel,", "melanomma,"),
            "dx",
            "melanomma",
            "is unknown; known are akiec, bcc, bkl, df, mel, nv, vasc",
        ),
        (BAD.replace("mel,", "melanoma,"), "dx", "melanoma", "is unknown; known are akiec"),
        (BAD.replace("mel,", ","), "dx", "", "is missing"),
        (BAD.replace("50.0", "-5"), "age", "-5", "should be greater than or equal to 0"),
        (BAD.replace("50.0", "999"), "age", "999", "should be less than or equal to 120"),
        (BAD.replace("50.0", "old"), "age", "old", "is not a number (an empty cell says that it is not known)"),
        (BAD.replace("male", "man"), "sex", "man", "is unknown; known are female, male, unknown"),
        (
            BAD.replace("histo", "guess"),
            "dx_type",
            "guess",
            "is unknown; known are histo, confocal, consensus, follow_up",
        ),
        (BAD.replace("ISIC_9", "ISIC_77"), "image_id", "ISIC_77", "has no image file"),
        (BAD.replace("ISIC_9", ""), "image_id", "", "is missing"),
    ],
)
def test_a_bad_row_is_refused_with_line_column_value_and_reason(
    case: Case, line: str, column: str, value: str, reason: str
) -> None:
    case.prepare(*GOOD, line)
    assert len(case.metadata) == 9
    (refusal,) = case.rejected
    assert (refusal["line"], refusal["column"], refusal["value"]) == (11, column, value)
    assert refusal["reason"].startswith(reason)


def test_a_broken_image_is_refused_with_the_reason_of_its_file(case: Case) -> None:
    case.images[9] = {"file": "part_1/ISIC_9.jpg", "error": "broken image: image file is truncated"}
    case.prepare(*GOOD, BAD)
    assert case.rejected == [
        {
            "source": "ham10000",
            "line": 11,
            "image_id": "ISIC_9",
            "kind": "refused",
            "column": "file",
            "value": "part_1/ISIC_9.jpg",
            "reason": "broken image: image file is truncated",
        }
    ]


def test_two_files_for_one_image_are_refused(case: Case) -> None:
    case.images.append({"file": "part_2/ISIC_9.png", "row": 10})
    case.prepare(*GOOD, BAD)
    assert case.rejected[0]["reason"] == "has 2 image files"


def test_too_many_refused_rows_stop_the_run_with_a_summary(case: Case) -> None:
    wrong = [line.replace(",mel,", ",nonsense,") for line in GOOD[:2]]
    with pytest.raises(InputError) as caught:
        case.prepare(*wrong, *GOOD[2:], BAD.replace("50.0", "-5"), allowed=0.2)
    first, *lines, last = str(caught.value).splitlines()
    assert first.endswith("HAM10000_metadata.csv: 3 of 10 rows refused, dataset.max_rejected_fraction is 0.2:")
    assert lines[0].startswith("  2 × dx: ")
    assert lines[0].endswith("(first: line 2, value 'nonsense')")
    assert lines[1].startswith("  1 × age: ")
    assert last == (
        f"all of them are in {case.folder / 'rejected.csv'}; correct the table or the images, "
        "or raise dataset.max_rejected_fraction to go on without those rows"
    )
    assert [row["line"] for row in case.rejected] == [2, 3, 11]
    assert not (case.folder / "metadata.csv").exists()


def test_the_allowed_number_of_refused_rows_does_not_stop_the_run(case: Case) -> None:
    case.prepare(*GOOD[:8], *[BAD.replace("mel,", "x,")] * 2, allowed=0.2)
    assert len(case.metadata) == 8


def test_the_summary_fits_on_a_screen(case: Case) -> None:
    with pytest.raises(InputError) as caught:
        case.prepare(*(f"HAM,X{n},mel,histo,{200 + n},male,back" for n in range(5)), *("a,b,c,d,e,f,g",) * 300)
    assert len(str(caught.value).splitlines()) < 24


def test_empty_lines_are_skipped_but_counted(case: Case) -> None:
    case.prepare(*GOOD[:4], "", *GOOD[4:], BAD.replace("50.0", "-5"), "")
    assert len(case.metadata) == 9
    assert [row["line"] for row in case.rejected] == [12]


def test_a_table_without_rows_is_refused(case: Case) -> None:
    with pytest.raises(InputError, match=r"HAM10000_metadata.csv: the table has no rows"):
        case.prepare()


def test_a_missing_column_is_named(case: Case) -> None:
    with pytest.raises(InputError, match=r"HAM10000_metadata.csv: the column dx is missing; found lesion_id"):
        case.prepare(*GOOD, header=HEADER.replace("dx,", "diagnosis,", 1))


def test_a_missing_table_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    write_index(tmp_path / "images.csv", [])
    params = write_params(dataset=dataset_section(tmp_path, "ham10000"))
    with pytest.raises(InputError, match=r"HAM10000_metadata.csv: there is no such file"):
        prepare(tmp_path, tmp_path, params)


def test_a_repeated_row_is_left_out_but_not_refused(case: Case) -> None:
    case.prepare(*GOOD, GOOD[3], allowed=0.0)
    assert len(case.metadata) == 9
    (row,) = case.rejected
    assert (row["line"], row["kind"], row["reason"]) == (11, "left_out", "says what line 5 says")
    assert (case.metrics["num_left_out"], case.metrics["num_rejected"]) == (1, 0)


def test_all_rows_that_disagree_are_refused(case: Case) -> None:
    case.prepare(*GOOD, GOOD[3].replace(",mel,", ",nv,"))
    assert "ISIC_3" not in case.metadata.image_id.tolist()
    assert [(row["line"], row["kind"]) for row in case.rejected] == [(5, "refused"), (11, "refused")]
    assert {row["reason"] for row in case.rejected} == {"lines 5, 11 disagree: dx is 'mel' and 'nv'"}


def test_an_image_in_other_capitals_is_named(case: Case) -> None:
    case.prepare(*GOOD, BAD.replace("ISIC_9", "isic_9"))
    assert case.rejected[0]["reason"] == "has no image file; there is part_1/ISIC_9.jpg, in other capitals"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("left arm 3", "part 1/left arm 3.jpg"),
        (
            "n\u00e6vus \u00e9",
            "part_1/n\u00e6vus e\u0301.jpg",
        ),  # composed in the table, as macOS writes it on the disk
        ("photos\\ISIC_9.jpg", "part_1/ISIC_9.jpg"),
        ("../../etc/ISIC_9", "part_1/ISIC_9.jpg"),
        ("/etc/ISIC_9", "part_1/ISIC_9.jpg"),
    ],
)
def test_names_match_files_below_the_folder_and_nowhere_else(case: Case, name: str, file: str) -> None:
    case.images[9]["file"] = file
    case.prepare(*GOOD, BAD.replace("ISIC_9", name))
    assert case.rejected == []
    assert len(case.metadata) == 10


@pytest.mark.parametrize("name", ["..", "/", "a" * 300])
def test_names_without_a_file_are_refused(case: Case, name: str) -> None:
    case.prepare(*GOOD, BAD.replace("ISIC_9", name))
    assert len(case.rejected) == 1


@pytest.mark.parametrize("age", ["nan", "inf", "-inf", "1e400"])
def test_ages_that_are_not_finite_are_refused(case: Case, age: str) -> None:
    case.prepare(*GOOD, BAD.replace("50.0", age))
    assert case.rejected[0]["column"] == "age"


@pytest.mark.parametrize(("first", "newline"), [("\ufeff", "\n"), ("", "\r\n"), ("\ufeff", "\r\n")])
def test_byte_order_marks_and_carriage_returns_change_nothing(
    tmp_path: Path, write_params: WriteParams, first: str, newline: str
) -> None:
    text = first + newline.join([HEADER, *GOOD]) + newline
    (tmp_path / "HAM10000_metadata.csv").write_bytes(text.encode())
    write_index(tmp_path / "images.csv", index_rows([f"ISIC_{n}" for n in range(9)]))
    prepare(tmp_path, tmp_path, write_params(dataset=dataset_section(tmp_path, "ham10000")))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata.lesion_id.tolist() == [f"HAM_{n}" for n in range(9)]
    assert set(metadata.site) == {"back"}


def test_a_table_whose_images_are_all_missing_is_refused(case: Case) -> None:
    case.images = index_rows(["other"])
    with pytest.raises(InputError, match=r"no row can be used:\n  9 × image_id: has no image file \(first: line 2"):
        case.prepare(*GOOD, allowed=1.0)


def write_folders(root: Path, *files: str, write_params: WriteParams, **changes: Any) -> Path:
    """Write the index of some files, and parameters that read their folders as diagnoses."""
    rows = [
        row | {"file": file} for row, file in zip(index_rows([str(n) for n in range(len(files))]), files, strict=True)
    ]
    write_index(root / "images.csv", rows)
    return write_params(dataset=dataset_section(root, "image_folder", **changes))


def test_folders_give_the_diagnosis_and_the_published_split(tmp_path: Path, write_params: WriteParams) -> None:
    files = (
        "Train/pigmented benign keratosis/1.jpg",
        "Train/Melanoma/1.jpg",
        "Test/melanoma/1.jpg",
        "Test/nv/deeper/2.jpg",
        "cover.jpg",
    )
    prepare(tmp_path, tmp_path, write_folders(tmp_path, *files, write_params=write_params))
    metadata = read_metadata(tmp_path / "metadata.csv").set_index("image_id")
    assert metadata[["diagnosis", "published_split"]].to_numpy().tolist() == [
        ["melanoma", "test"],
        ["nevus", "test"],
        ["melanoma", "train"],
        ["benign_keratosis", "train"],
    ]
    assert metadata.index[0] == "Test/melanoma/1"
    assert json.loads((tmp_path / "data.json").read_text())["num_unlisted_files"] == 1
    unlisted = pd.read_csv(tmp_path / "rejected.csv")
    assert unlisted[["value", "reason"]].to_numpy().tolist() == [["cover.jpg", "lies in no folder of a diagnosis"]]


def test_a_table_beside_folders_adds_identifiers(tmp_path: Path, write_params: WriteParams) -> None:
    (tmp_path / "who.csv").write_text("photo,person,gender\na.jpg,P1,f\nb.jpg,P2,\nelsewhere.jpg,P3,f\n")
    layout = {"image_id": "photo", "patient_id": "person", "sex": "gender"}
    params = write_folders(
        tmp_path,
        "melanoma/a.jpg",
        "nevus/b.jpg",
        "nevus/c.jpg",
        write_params=write_params,
        table="who.csv",
        columns=layout,
        words={"sex": {"f": "female"}},
        max_rejected_fraction=0.5,
    )
    prepare(tmp_path, tmp_path, params)
    metadata = read_metadata(tmp_path / "metadata.csv").set_index("image_id")
    assert metadata.patient_id.to_dict() == {"melanoma/a": "P1", "nevus/b": "P2"}
    assert metadata.sex["melanoma/a"] == "female"
    rejected = pd.read_csv(tmp_path / "rejected.csv")
    assert rejected[["image_id", "reason"]].to_numpy().tolist() == [["nevus/c", "has no row in who.csv"]]


def test_files_with_the_same_name_are_matched_by_their_folders(tmp_path: Path, write_params: WriteParams) -> None:
    (tmp_path / "who.csv").write_text("photo,person\nmelanoma/1.jpg,P1\nnevus/1.jpg,P2\n")
    params = write_folders(
        tmp_path,
        "melanoma/1.jpg",
        "nevus/1.jpg",
        write_params=write_params,
        table="who.csv",
        columns={"image_id": "photo", "patient_id": "person"},
    )
    prepare(tmp_path, tmp_path, params)
    assert read_metadata(tmp_path / "metadata.csv").patient_id.tolist() == ["P1", "P2"]


def test_a_users_own_table_is_read_by_parameters_alone(tmp_path: Path, write_params: WriteParams) -> None:
    (tmp_path / "findings.csv").write_text(
        "photo,patient,lesion,finding,age\nISIC_0.jpg,A,1,naevus,43\nISIC_1.jpg,B,1,melanoma,?\n"
    )
    write_index(tmp_path / "images.csv", index_rows(["ISIC_0", "ISIC_1"]))
    section = dataset_section(
        tmp_path,
        "csv",
        table="findings.csv",
        columns={
            "image_id": "photo",
            "patient_id": "patient",
            "lesion_id": "lesion",
            "diagnosis": "finding",
            "age_years": "age",
        },
        words={"diagnosis": {"naevus": "nevus"}},
        missing=["?"],
        lesions_by_patient=True,
    )
    prepare(tmp_path, tmp_path, write_params(dataset=section))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata.diagnosis.tolist() == ["nevus", "melanoma"]
    assert metadata.age_years.isna().tolist() == [False, True]
    assert metadata.lesion_id.tolist() == ["A/1", "B/1"]


def test_a_table_from_a_german_spreadsheet_is_read(tmp_path: Path, write_params: WriteParams) -> None:
    rows = [
        "Foto;Befund;Alter;Geschlecht",
        "ISIC_0.jpg;Melanoma;63,5;W",
        "ISIC_1.jpg;NEVUS;7;m",
        "ISIC_2;nevus;1,2,3;",
    ]
    (tmp_path / "findings.csv").write_bytes(("\ufeff" + "\r\n".join(rows) + "\r\n").encode())
    write_index(tmp_path / "images.csv", index_rows([f"ISIC_{n}" for n in range(3)]))
    columns = {"image_id": "Foto", "diagnosis": "Befund", "age_years": "Alter", "sex": "Geschlecht"}
    words = {"sex": {"w": "female", "m": "male"}}
    section = dataset_section(
        tmp_path, "csv", table="findings.csv", columns=columns, words=words, max_rejected_fraction=0.4
    )
    prepare(tmp_path, tmp_path, write_params(dataset=section))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata[["diagnosis", "age_years", "sex"]].to_numpy().tolist() == [
        ["melanoma", 63.5, "female"],
        ["nevus", 7.0, "male"],
    ]
    assert pd.read_csv(tmp_path / "rejected.csv")[["column", "value"]].to_numpy().tolist() == [["Alter", "1,2,3"]]


def test_lesion_numbers_are_kept_if_they_are_unique_among_patients(tmp_path: Path, write_params: WriteParams) -> None:
    """The second image has no patient, but the same lesion as the first."""
    rows = "photo,patient,lesion,finding\nISIC_0.jpg,A,7,nevus\nISIC_1.jpg,,7,nevus\nISIC_2.jpg,B,8,unknown\n"
    (tmp_path / "findings.csv").write_text(rows)
    write_index(tmp_path / "images.csv", index_rows(["ISIC_0", "ISIC_1", "ISIC_2"]))
    columns = {"image_id": "photo", "patient_id": "patient", "lesion_id": "lesion", "diagnosis": "finding"}
    section = dataset_section(tmp_path, "csv", table="findings.csv", columns=columns, max_rejected_fraction=0.0)
    prepare(tmp_path, tmp_path, write_params(dataset=section))
    assert read_metadata(tmp_path / "metadata.csv").lesion_id.tolist() == ["7", "7"]
    left_out = pd.read_csv(tmp_path / "rejected.csv")
    assert left_out[["line", "kind", "reason"]].to_numpy().tolist() == [[4, "left_out", "no diagnosis is known"]]
    with pytest.raises(InputError, match=r"1 × lesion: is numbered within patient, which is missing \(first: line 3"):
        prepare(tmp_path, tmp_path, write_params(dataset=section | {"lesions_by_patient": True}))


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
    prepare(tmp_path, tmp_path, write_params(dataset=dataset_section(tmp_path, "siim_isic_2020")))
    assert read_metadata(tmp_path / "metadata.csv").image_id.tolist() == ["ISIC_0", "ISIC_2", "ISIC_3"]


@pytest.mark.parametrize("column", ["folder", "published_split"])
def test_a_table_may_use_the_names_of_our_columns(tmp_path: Path, write_params: WriteParams, column: str) -> None:
    (tmp_path / "who.csv").write_text(f"photo,{column}\na.jpg,P1\nb.jpg,P2\n")
    columns = {"image_id": "photo", "patient_id": column}
    files = ("melanoma/a.jpg", "nevus/b.jpg")
    prepare(
        tmp_path,
        tmp_path,
        write_folders(tmp_path, *files, write_params=write_params, table="who.csv", columns=columns),
    )
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata.patient_id.tolist() == ["P1", "P2"]
    assert metadata.published_split.isna().all()


def test_a_listed_diagnosis_without_images_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    write_two(tmp_path)
    section = dataset_section(
        tmp_path, "ham10000", external=["pad_ufes_20"], diagnoses=["melanoma", "squamous_cell_carcinoma"]
    )
    params = write_params(dataset=section, task=task("diagnosis"))
    with pytest.raises(InputError, match=r"no image of ham10000 has the diagnosis squamous_cell_carcinoma"):
        prepare(tmp_path, tmp_path, params)


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
    prepare(
        tmp_path, tmp_path, write_params(dataset=dataset_section(tmp_path, "isic2019", max_rejected_fraction=0.4))
    )
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata[["image_id", "diagnosis", "lesion_id"]].to_numpy().tolist() == [
        ["ISIC_0", "melanoma", "L0"],
        ["ISIC_1", "nevus", "L1"],
    ]
    rejected = pd.read_csv(tmp_path / "rejected.csv")
    assert rejected[["line", "kind", "reason"]].to_numpy().tolist() == [
        [4, "left_out", "no diagnosis is known"],
        [5, "refused", "has no row in ISIC_2019_Training_Metadata.csv"],
        [6, "refused", "has no row in ISIC_2019_Training_Metadata.csv"],
    ]


def task(name: str) -> dict[str, Any]:
    return {"name": name, "malignant": ["melanoma", "squamous_cell_carcinoma"], "groupings": {}}


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
    prepare(tmp_path, tmp_path, write_params(dataset=section, task=task("diagnosis")))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert {source: rows.diagnosis.tolist() for source, rows in metadata.groupby("source")} == expected
    assert metadata.image_id.is_unique
    same_name = metadata[metadata.image_id.str.endswith("/ISIC_0")]
    assert same_name.lesion_id.tolist() == ["ham10000/HAM_0", "pad_ufes_20/P1/HAM_0"]
    assert same_name.file.tolist() == ["ham10000/part_1/ISIC_0.jpg", "pad_ufes_20/part_1/ISIC_0.jpg"]
    left_out = sum(map(len, expected.values()))
    assert json.loads((tmp_path / "data.json").read_text())["num_left_out"] == 5 - left_out


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
    prepare(tmp_path, tmp_path, write_params(dataset=section, task=task(name)))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert sorted(metadata.diagnosis[metadata.source == "siim_isic_2020"]) == kept
    assert "benign" not in set(metadata.diagnosis[metadata.source == "ham10000"])


@needs_ham10000
def test_the_whole_table_of_ham10000_is_read(tmp_path: Path, write_params: WriteParams) -> None:
    published = pd.read_csv(HAM10000 / "HAM10000_metadata.csv")
    write_index(tmp_path / "images.csv", index_rows(published.image_id.tolist()))
    params = write_params(dataset=dataset_section(HAM10000, "ham10000"))
    prepare(HAM10000, tmp_path, params)
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
    prepare(tmp_path, tmp_path, write_params(dataset=dataset_section(tmp_path, "pad_ufes_20")))
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
    assert metadata.fitzpatrick_type.dropna().between(1, 6).all()
    assert metadata.fitzpatrick_type.notna().sum() == (published.fitspatrick != "").sum()


def test_files_with_the_same_name_are_matched_by_paths_in_the_table(
    tmp_path: Path, write_params: WriteParams
) -> None:
    """For instance, each patient has a folder; a table whose names are unique may still omit folders."""
    (tmp_path / "findings.csv").write_text("photo,finding\nP1/1.jpg,nevus\nP2\\1.jpg,melanoma\nP2/2.jpg,nevus\n")
    rows = [
        row | {"file": f"P{n}.jpg"} for row, n in zip(index_rows(["a", "b", "c"]), ("1/1", "2/1", "2/2"), strict=True)
    ]
    write_index(tmp_path / "images.csv", rows)
    columns = {"image_id": "photo", "diagnosis": "finding"}
    section = dataset_section(tmp_path, "csv", table="findings.csv", columns=columns)
    prepare(tmp_path, tmp_path, write_params(dataset=section))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata[["image_id", "diagnosis"]].to_numpy().tolist() == [
        ["P1/1", "nevus"],
        ["P2/1", "melanoma"],
        ["P2/2", "nevus"],
    ]
