"""Everything that is not valid is refused by line, column, value and reason."""

from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.tables.index import write_index
from tests.builders import WriteParams, dataset_section
from tests.preparation import BAD, GOOD, HEADER, Case, index_rows, prepare


def test_reasons_are_shown_even_if_the_run_continues(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case.prepare(*GOOD[:8], GOOD[8].replace("mel", "wart"))
    shown = capsys.readouterr().out
    assert "refused:\n  1 × dx: unknown are 'wart' (1 rows); known are akiec, bcc, " in shown
    assert "no image is left of the diagnosis 'wart', which is in 1 rows" in shown
    assert "the diagnosis 'mel'" not in shown


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
    assert case.rejected[0]["value"] == "ISIC_9"
    assert case.rejected[0]["reason"] == (
        "has 2 image files of different contents: such as part_1/ISIC_9.jpg and part_2/ISIC_9.png"
    )


def test_too_many_refused_rows_stop_the_run_with_a_summary(case: Case) -> None:
    wrong = [line.replace(",mel,", ",nonsense,") for line in GOOD[:2]]
    with pytest.raises(InputError) as caught:
        case.prepare(*wrong, *GOOD[2:], BAD.replace("50.0", "-5"), allowed=0.2)
    first, *lines, last = str(caught.value).splitlines()
    assert first.endswith("HAM10000_metadata.csv: 3 of 10 rows refused, dataset.max_rejected_fraction is 0.2:")
    assert lines[0].startswith(
        "  2 × dx: unknown are 'nonsense' (2 rows); known are akiec, bcc, bkl, df, mel, nv, vasc"
    )
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
        prepare(tmp_path, params)


def test_all_rows_that_disagree_are_refused(case: Case) -> None:
    case.prepare(*GOOD, GOOD[3].replace(",mel,", ",nv,"))
    assert "ISIC_3" not in case.metadata.image_id.tolist()
    assert [(row["line"], row["kind"]) for row in case.rejected] == [(5, "refused"), (11, "refused")]
    assert {row["reason"] for row in case.rejected} == {
        "rows about one image disagree about dx: lines 5, 11: 'mel', 'nv'"
    }


def test_many_rows_that_disagree_name_five_lines_and_five_values(case: Case) -> None:
    with pytest.raises(InputError) as caught:
        case.prepare(*(BAD.replace("50.0", str(n)) for n in range(40)))
    reason = "rows about one image disagree about age"
    detail = "lines 2, 3, 4, 5, 6 and 35 others: '0', '1', '2', '3', '4' and 35 others"
    assert f"  40 × image_id: {reason} (first: line 2, value 'ISIC_9'; {detail})" in str(caught.value)
    assert {row["reason"] for row in case.rejected} == {f"{reason}: {detail}"}


def test_each_kind_of_reason_is_one_line_with_its_number(case: Case) -> None:
    case.images += [{"file": f"part_{part}/twice.png", "row": 9 + part} for part in (1, 2, 3)]
    case.images += [{"file": f"part_{part}/once.png", "row": 12 + part} for part in (1, 2)]
    case.images.append({"file": "part_1/large.png", "error": "9000 × 9000 pixels are more than the 10 megapixels"})
    case.images.append({"file": "part_1/larger.png", "error": "9001 × 9000 pixels are more than the 10 megapixels"})
    names = [f"isic_{n}" for n in range(6)] + ["twice", "once", "large", "larger"]
    rows = [BAD.replace("ISIC_9", name) for name in names]
    disagree = [GOOD[n].replace(",mel,", f",{dx},") for n in (7, 8) for dx in ("mel", "nv")]
    with pytest.raises(InputError) as caught:
        case.prepare(*rows, *disagree)
    _, *lines, _ = str(caught.value).splitlines()
    assert [line.partition(" (first")[0] for line in lines] == [
        "  6 × image_id: has no image file; there is one in other capitals",
        "  4 × image_id: rows about one image disagree about dx",
        "  2 × image_id: has 3 image files of different contents",
        "  2 × file: 9000 × 9000 pixels are more than the 10 megapixels",
    ]
    assert lines[0].endswith(" (first: line 2, value 'isic_0'; there is part_1/ISIC_0.jpg)")


def test_a_long_value_is_cut_in_messages_and_kept_in_the_list(case: Case) -> None:
    word = "wart " * 1000
    with pytest.raises(InputError) as caught:
        case.prepare(*GOOD, BAD.replace("mel", word), allowed=0.0)
    assert f"unknown are '{word[:79]}…' (1 rows); known are" in str(caught.value)
    assert len(str(caught.value)) < 900
    assert case.rejected[0]["value"] == word


def test_an_image_in_other_capitals_is_named(case: Case) -> None:
    case.prepare(*GOOD, BAD.replace("ISIC_9", "isic_9"))
    assert case.rejected[0]["reason"] == (
        "has no image file; there is one in other capitals: there is part_1/ISIC_9.jpg"
    )


@pytest.mark.parametrize("name", ["..", "/", "a" * 300])
def test_names_without_a_file_are_refused(case: Case, name: str) -> None:
    case.prepare(*GOOD, BAD.replace("ISIC_9", name))
    assert len(case.rejected) == 1


@pytest.mark.parametrize("age", ["nan", "inf", "-inf", "1e400"])
def test_ages_that_are_not_finite_are_refused(case: Case, age: str) -> None:
    case.prepare(*GOOD, BAD.replace("50.0", age))
    assert case.rejected[0]["column"] == "age"


def test_a_table_whose_images_are_all_missing_is_refused(case: Case) -> None:
    case.images = index_rows(["other"])
    with pytest.raises(InputError, match=r"no row can be used:\n  9 × image_id: has no image file \(first: line 2"):
        case.prepare(*GOOD, allowed=1.0)
