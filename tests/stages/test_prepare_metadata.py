"""One validated row an image; everything else is refused by line, column, value and reason."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lesions.datasets.metadata import COLUMNS, read_metadata
from lesions.errors import InputError
from lesions.images.index import write_index
from stages import prepare_metadata
from tests.builders import HAM10000, PAD_UFES_20, WriteParams, needs_ham10000, needs_pad_ufes_20

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
    """A dataset's table and the index of its images, in a folder."""

    def __init__(self, folder: Path, write_params: WriteParams) -> None:
        self.folder = folder
        self.write_params = write_params
        self.images = index_rows([f"ISIC_{n}" for n in range(10)])

    def prepare(self, *lines: str, header: str = HEADER, allowed: float = 0.2) -> None:
        (self.folder / "HAM10000_metadata.csv").write_text("\n".join([header, *lines]) + "\n")
        write_index(self.folder / "images.csv", self.images)
        params = self.write_params(
            dataset={"name": "ham10000", "root": str(self.folder), "max_rejected_fraction": allowed}
        )
        prepare(self.folder, self.folder, params)

    @property
    def metadata(self) -> pd.DataFrame:
        return read_metadata(self.folder / "metadata.csv")

    @property
    def rejected(self) -> list[dict[Any, Any]]:
        table = pd.read_csv(self.folder / "rejected.csv", dtype={"value": str}, keep_default_na=False)
        return table.to_dict("records")

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


def test_rows_come_out_sorted_by_image(case: Case) -> None:
    case.prepare(*reversed(GOOD))
    assert case.metadata.image_id.tolist() == [f"ISIC_{n}" for n in range(9)]


def test_counts(case: Case) -> None:
    case.prepare(*GOOD[:8], GOOD[8].replace("HAM_8", "HAM_7"))
    assert case.metrics == {
        "schema": 1,
        "num_images": 9,
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


def test_reasons_are_shown_even_where_the_run_goes_on(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case.prepare(*GOOD[:8], GOOD[8].replace("mel", "wart"))
    shown = capsys.readouterr().out
    assert "refused:\n  1 × dx: is unknown; known are akiec" in shown
    assert "no image is left of the diagnosis 'wart', which is in 1 rows" in shown
    assert "the diagnosis 'mel'" not in shown


def test_a_patient_column_is_read_where_there_is_one(case: Case) -> None:
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
        (BAD.replace("50.0", "-5"), "age", "-5", "greater than or equal to 0"),
        (BAD.replace("50.0", "999"), "age", "999", "less than or equal to 120"),
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
        (BAD.replace("ISIC_9", "ISIC_3"), "image_id", "ISIC_3", "is already in line 5"),
    ],
)
def test_a_bad_row_is_refused_by_name(case: Case, line: str, column: str, value: str, reason: str) -> None:
    case.prepare(*GOOD, line)
    assert len(case.metadata) == 9
    (refusal,) = case.rejected
    assert (refusal["line"], refusal["column"], refusal["value"]) == (11, column, value)
    assert reason in refusal["reason"]


def test_a_broken_image_is_refused_with_the_reason_of_its_file(case: Case) -> None:
    case.images[9] = {"file": "part_1/ISIC_9.jpg", "error": "broken image: image file is truncated"}
    case.prepare(*GOOD, BAD)
    assert case.rejected == [
        {
            "line": 11,
            "image_id": "ISIC_9",
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
        f"all of them are in {case.folder / 'rejected.csv'}; mend the table or the images, "
        "or raise dataset.max_rejected_fraction to go on without those rows"
    )
    assert [row["line"] for row in case.rejected] == [2, 3, 11]
    assert not (case.folder / "metadata.csv").exists()


def test_as_many_refused_rows_as_allowed_do_not_stop_the_run(case: Case) -> None:
    case.prepare(*GOOD[:8], *[BAD.replace("mel,", "x,")] * 2, allowed=0.2)
    assert len(case.metadata) == 8


def test_the_summary_fits_a_screen(case: Case) -> None:
    with pytest.raises(InputError) as caught:
        case.prepare(*(f"HAM,X{n},mel,histo,{200 + n},male,back" for n in range(5)), *("a,b,c,d,e,f,g",) * 300)
    assert len(str(caught.value).splitlines()) < 24


def test_empty_lines_are_passed_over_and_counted(case: Case) -> None:
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
    params = write_params(dataset={"name": "ham10000", "root": str(tmp_path), "max_rejected_fraction": 0.0})
    with pytest.raises(InputError, match=r"HAM10000_metadata.csv: there is no such file"):
        prepare(tmp_path, tmp_path, params)


@needs_ham10000
def test_the_whole_of_ham10000s_table(tmp_path: Path, write_params: WriteParams) -> None:
    published = pd.read_csv(HAM10000 / "HAM10000_metadata.csv")
    write_index(tmp_path / "images.csv", index_rows(published.image_id.tolist()))
    params = write_params(dataset={"name": "ham10000", "root": str(HAM10000), "max_rejected_fraction": 0.0})
    prepare(HAM10000, tmp_path, params)
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert len(metadata) == len(published) == 7982
    assert metadata.lesion_id.nunique() == 5975
    assert (metadata.diagnosis == "melanoma").sum() == (published.dx == "mel").sum()
    np.testing.assert_array_equal(metadata.age_years.isna().sum(), published.age.isna().sum())


@needs_pad_ufes_20
def test_the_whole_of_pad_ufes_20s_table(tmp_path: Path, write_params: WriteParams) -> None:
    published = pd.read_csv(PAD_UFES_20 / "metadata_full.csv", dtype=str, keep_default_na=False)
    published.to_csv(tmp_path / "metadata.csv", index=False)
    write_index(tmp_path / "images.csv", index_rows([Path(name).stem for name in published.img_id]))
    dataset = {"name": "pad_ufes_20", "root": str(tmp_path), "max_rejected_fraction": 0.0}
    prepare(tmp_path, tmp_path, write_params(dataset=dataset))
    found = read_metadata(tmp_path / "metadata.csv")
    # Table 2 of Pacheco et al. 2020.
    assert found.diagnosis.value_counts().to_dict() == {
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
    assert found.fitzpatrick_type.dropna().between(1, 6).all()
    assert found.fitzpatrick_type.notna().sum() == (published.fitspatrick != "").sum()
