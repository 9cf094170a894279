"""A layout knows the same words for a table as for folders, and missing words only where they belong."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lesions.datasets.columns import Column
from lesions.datasets.own_data import FOLDER, Layout, build_folder_adapter, build_table_adapter
from lesions.datasets.sources import TableParameters
from lesions.datasets.vocabulary import DIAGNOSES, WORDS
from lesions.errors import InputError

COLUMNS = {
    "image_id": "photo",
    "patient_id": "who",
    "lesion_id": "spot",
    "diagnosis": "finding",
    "age_years": "age",
    "sex": "gender",
    "site": "where",
}


def layout(
    words: Mapping[str, Mapping[str, str]] | None = None,
    missing: Sequence[str] | Mapping[str, Sequence[str]] = ("unknown",),
    diagnoses: Sequence[str] = (),
    **changes: Any,
) -> Layout:
    described: dict[str, Any] = {"table": "t.csv", "columns": COLUMNS, "subgroups": {}, "lesions_by_patient": False}
    described |= {"words": words or {}, "missing": missing} | changes
    return Layout(TableParameters.model_construct(**described), "dataset", diagnoses)


def read(one: Layout, field: str, cell: str) -> str | None:
    """Return how a layout reads one cell."""
    column = one.build_columns()[field]
    return column.read(dict.fromkeys(column.needed, cell))


def test_a_list_of_missing_words_leaves_identifiers_alone() -> None:
    clinic = layout(missing=["?", "09", "unknown"])
    assert [read(clinic, field, "09") for field in ("image_id", "patient_id", "lesion_id")] == ["09"] * 3
    assert [read(clinic, field, "09") for field in ("diagnosis", "age_years", "sex", "site")] == [None] * 4


def test_missing_words_by_field_are_of_exactly_these_fields() -> None:
    clinic = layout(missing={"age_years": ["99", "-1"], "patient_id": ["0"]})
    assert [read(clinic, "age_years", cell) for cell in ("99", "-1", "0", "1")] == [None, None, "0", "1"]
    assert [read(clinic, "patient_id", cell) for cell in ("99", "-1", "0", "00")] == ["99", "-1", None, "00"]
    assert read(clinic, "lesion_id", "0") == "0"


def test_a_list_of_missing_words_takes_no_word_that_words_define() -> None:
    clinic = layout({"diagnosis": {"0": "nevus", "?": "melanoma", "N/A": "benign"}}, missing=["?", "0", "n/a", "99"])
    cells = ("0", "?", "n/a", "99")
    assert [read(clinic, "diagnosis", cell) for cell in cells] == ["nevus", "melanoma", "benign", None]
    assert read(clinic, "age_years", "0") is None


def test_words_of_the_user_go_before_known_ones() -> None:
    clinic = layout({"diagnosis": {"unknown": "nevus", "BKL": "pigmented_benign_keratosis"}})
    cells = ("unknown", "UNKNOWN", "bkl", "mel")
    expected = ["nevus", "nevus", "pigmented_benign_keratosis", "melanoma"]
    assert [read(clinic, "diagnosis", cell) for cell in cells] == expected
    assert read(layout(missing=["nevus"]), "diagnosis", "Nevus") is None


@pytest.mark.parametrize(("word", "diagnosis"), [*WORDS.items()])
def test_tables_and_folders_know_the_same_words(word: str, diagnosis: str) -> None:
    one = layout(missing={})
    folder = build_folder_adapter(None, layout(missing={}, columns={})).columns["diagnosis"]
    table = build_table_adapter(Path("t.csv"), one).columns["diagnosis"]
    for spelling in (word, word.upper(), f" {word.replace(' ', '  ')} "):
        assert folder.read({FOLDER: spelling}) == table.read({"finding": spelling}) == diagnosis


def test_a_diagnosis_is_known_by_its_name_with_underscores_or_blanks() -> None:
    assert {name: WORDS[name.replace("_", " ")] for name in DIAGNOSES} == {name: name for name in DIAGNOSES}
    clinic = layout({"diagnosis": {"Warze": "viral_wart"}}, diagnoses=["blue_nevus", "nevus"])
    cells = ("warze", "viral_wart", "Viral wart", "blue nevus", "blue_nevus")
    assert [read(clinic, "diagnosis", cell) for cell in cells] == ["viral_wart"] * 3 + ["blue_nevus"] * 2


def test_other_words_are_taken_only_by_fields_without_a_fixed_set() -> None:
    clinic = layout({"age_years": {"85+": "85"}, "site": {"Rücken": "back"}, "patient_id": {"P1 (neu)": "P1"}})
    assert [read(clinic, "age_years", cell) for cell in ("85+", "43")] == ["85", "43"]
    assert [read(clinic, "site", cell) for cell in ("RÜCKEN", "RU\u0308CKEN", "arm")] == ["back", "back", "arm"]
    assert [read(clinic, "patient_id", cell) for cell in ("P1 (neu)", "P2")] == ["P1", "P2"]
    with pytest.raises(
        ValueError, match=r"is unknown; known are female, male, unknown; dataset\.words\.sex adds others"
    ):
        read(clinic, "sex", "x")


def test_a_word_that_becomes_an_impossible_value_is_named_with_the_users_spelling() -> None:
    with pytest.raises(InputError, match=r"^dataset\.words\.diagnosis: 'Naevus' becomes 'FILL_IN', expected a name"):
        build_table_adapter(Path("t.csv"), layout({"diagnosis": {"Naevus": "FILL_IN"}}))


def test_lesions_within_a_patient_have_the_missing_words_of_each() -> None:
    clinic = layout(missing={"lesion_id": ["0"], "patient_id": ["9"]}, lesions_by_patient=True)
    column = clinic.build_columns()["lesion_id"]
    assert isinstance(column, Column)
    assert column.read({"who": "0", "spot": "1"}) == "0/1"
    assert column.read({"who": "9", "spot": "0"}) is None
    with pytest.raises(ValueError, match="is numbered within who, which is missing"):
        column.read({"who": "9", "spot": "9"})
