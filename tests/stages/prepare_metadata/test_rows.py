"""One validated row per image, with the names and the words of the pipeline."""

import hashlib
from pathlib import Path

import pytest

from lesions.datasets.refusals import LEFT_OUT
from lesions.tables.index import write_index
from lesions.tables.metadata import COLUMNS, read_metadata
from tests.builders import WriteParams, dataset_section
from tests.preparation import BAD, GOOD, HEADER, Case, index_rows, prepare


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
    names = (
        *("dates", "in_two_datasets", "joined_spellings"),
        *("not_known_words", "similar_joined", "similar_kept_apart"),
    )
    unified = {f"num_{name}": 0 for name in names}
    assert case.metrics == {
        "merged_words": {},
        "schema": 1,
        "identifiers": {"lesion_id": unified, "patient_id": unified},
        "metadata_sha256": hashlib.sha256((case.folder / "metadata.csv").read_bytes()).hexdigest(),
        "num_rows": 9,
        "num_images": 9,
        "num_images_by_source": {"ham10000": 9},
        "num_left_out": 0,
        "num_images_by_licence": {},
        "num_left_out_by_reason": dict.fromkeys(LEFT_OUT, 0),
        "num_lesions": 8,
        "num_lesions_of_several_patients": 0,
        "num_passed_over_files": 0,
        "num_passed_over_files_by_reason": {},
        "num_patients": 0,
        "num_rejected": 0,
        "num_unlisted_files": 1,
    }


def test_lesions_of_several_patients_are_counted(case: Case) -> None:
    lines = [line.replace(f"HAM_{n}", "HAM_0") if n in (1, 2) else line for n, line in enumerate(GOOD)]
    case.prepare(*(f"{line},P{n}" for n, line in enumerate(lines)), header=f"{HEADER},patient_id")
    assert case.metrics["num_lesions_of_several_patients"] == 1


def test_a_patient_column_is_read_if_there_is_one(case: Case) -> None:
    case.prepare(*(f"{line},P{n // 2}" for n, line in enumerate(GOOD)), header=f"{HEADER},patient_id")
    assert case.metadata.patient_id.tolist() == ["P0", "P0", "P1", "P1", "P2", "P2", "P3", "P3", "P4"]


def test_empty_lines_are_skipped_but_counted(case: Case) -> None:
    case.prepare(*GOOD[:4], "", *GOOD[4:], BAD.replace("50.0", "-5"), "")
    assert len(case.metadata) == 9
    assert [row["line"] for row in case.rejected] == [12]


def test_lines_are_those_of_the_file(case: Case) -> None:
    """A title, a cell of three lines and an empty row come before the bad row."""
    site = GOOD[1].replace("back", '"upper\nback,\nleft"')
    case.prepare(HEADER, GOOD[0], site, ",,,,,,", *GOOD[2:], BAD.replace("50.0", "-5"), header="Export of 2020")
    assert case.metadata.site[1] == "upper back, left"
    assert [row["line"] for row in case.rejected] == [15]


def test_a_carriage_return_in_a_cell_breaks_no_table(case: Case) -> None:
    case.images[9]["file"] = "part_1/cr\rx.jpg"
    lines = [line.replace("back", '"ba\rck"').replace(f"HAM_{n}", f'"HAM\r_{n}"') for n, line in enumerate(GOOD)]
    case.prepare(*lines, BAD.replace("ISIC_9", '"cr\rx"'))
    assert len(case.metadata) == 10
    assert case.metadata.image_id[9] == "cr\rx"
    assert set(case.metadata.site) == {"ba ck", "back"}
    assert case.metadata.lesion_id[0] == "HAM _0"


def test_sites_that_differ_in_their_spelling_alone_are_one(case: Case) -> None:
    spelled = [" Lower  Leg", "LOWER LEG", "lower\u00a0leg", "lower leg\u200b"]
    case.prepare(*(line.replace("back", site) for line, site in zip(GOOD, spelled, strict=False)), *GOOD[4:], BAD)
    assert case.metadata.site.tolist() == ["lower leg"] * 4 + ["back"] * 6


def test_words_for_not_known_are_no_site(case: Case) -> None:
    words = ["n/a", "Unknown", "k.A.", ""]
    case.prepare(*(line.replace("back", word) for line, word in zip(GOOD, words, strict=False)), *GOOD[4:], BAD)
    assert case.metadata.site.isna().tolist() == [True] * 4 + [False] * 6


def test_a_repeated_row_is_left_out_but_not_refused(case: Case) -> None:
    case.prepare(*GOOD, GOOD[3], allowed=0.0)
    assert len(case.metadata) == 9
    (row,) = case.rejected
    assert (row["line"], row["kind"], row["reason"]) == (11, "left_out", "repeats an earlier row: the one on line 5")
    assert (case.metrics["num_left_out"], case.metrics["num_rejected"]) == (1, 0)


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


@pytest.mark.parametrize(("first", "newline"), [("\ufeff", "\n"), ("", "\r\n"), ("\ufeff", "\r\n")])
def test_byte_order_marks_and_carriage_returns_change_nothing(
    tmp_path: Path, write_params: WriteParams, first: str, newline: str
) -> None:
    text = first + newline.join([HEADER, *GOOD]) + newline
    (tmp_path / "HAM10000_metadata.csv").write_bytes(text.encode())
    write_index(tmp_path / "images.csv", index_rows([f"ISIC_{n}" for n in range(9)]))
    prepare(tmp_path, write_params(dataset=dataset_section(tmp_path, "ham10000")))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata.lesion_id.tolist() == [f"HAM_{n}" for n in range(9)]
    assert set(metadata.site) == {"back"}
