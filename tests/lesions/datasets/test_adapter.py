"""Tests that adapters translate cells and refuse unknown words."""

from pathlib import Path
from typing import get_args

import pytest

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column, OneHot
from lesions.datasets.parameters import NAMES
from lesions.datasets.registry import PUBLISHED
from lesions.datasets.sources import OWN
from lesions.errors import InputError
from lesions.tables.record import FieldName, Record

NEEDED = {"image_id": Column("img"), "diagnosis": Column("dx")}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("mel", "melanoma"),
        (" mel ", "melanoma"),
        ("MEL", "melanoma"),
        ("", None),
        ("  ", None),
        ("n/a", None),
        ("N/A", None),
    ],
)
def test_a_cell_is_translated(cell: str, expected: str | None) -> None:
    assert Column("dx", values={"mel": "melanoma"}, missing=frozenset({"n/a"})).read({"dx": cell}) == expected


@pytest.mark.parametrize("cell", ["other", "melanoma"])
def test_an_unknown_word_is_refused_with_the_known_ones(cell: str) -> None:
    column = Column("dx", values={"mel": "melanoma"}, missing=frozenset({"n/a"}))
    with pytest.raises(ValueError, match="is unknown; known are mel, n/a"):
        column.read({"dx": cell})


def test_words_that_differ_only_in_case_are_matched_exactly() -> None:
    column = Column("dx", values={"N": "nevus", "n": "benign_keratosis", "M": "melanoma"})
    assert [column.read({"dx": cell}) for cell in ("N", "n", "m")] == ["nevus", "benign_keratosis", "melanoma"]
    either = Column("dx", values={"Aa": "nevus", "aA": "melanoma"})
    with pytest.raises(ValueError, match="is unknown; known are Aa, aA"):
        either.read({"dx": "AA"})


def test_the_parameter_that_adds_words_is_named() -> None:
    column = Column("dx", values={"mel": "melanoma"}, parameter="dataset.words.diagnosis")
    with pytest.raises(ValueError, match=r"known are mel; dataset\.words\.diagnosis adds others"):
        column.read({"dx": "wart"})
    wrong = Column("dx", values={"mel": "Mole"}, parameter="dataset.words.diagnosis")
    with pytest.raises(InputError, match=r"^dataset\.words\.diagnosis: 'mel' becomes 'Mole', expected a name"):
        Adapter((Path("a.csv"),), NEEDED | {"diagnosis": wrong})


def test_a_column_without_words_keeps_the_cell() -> None:
    assert Column("id").read({"id": " ISIC_1 "}) == "ISIC_1"


def test_values_numbered_within_another_column_are_joined_with_it() -> None:
    column = Column("lesion", within=Column("patient"))
    assert column.read({"patient": "P1", "lesion": "7"}) != column.read({"patient": "P2", "lesion": "7"})
    assert column.read({"patient": "P1", "lesion": ""}) is None
    adapter = Adapter((Path("a.csv"),), NEEDED | {"lesion_id": column})
    assert adapter.needed_columns == ["img", "dx", "lesion", "patient"]


def test_a_column_for_an_unknown_field_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"adapter for a\.csv: there is no field colour; there are image_id, patient"
    ):
        Adapter((Path("a.csv"),), NEEDED | {"colour": Column("colour")})


@pytest.mark.parametrize("field", ["image_id", "diagnosis"])
def test_an_adapter_without_images_or_diagnoses_is_refused(field: str) -> None:
    with pytest.raises(InputError, match=rf"adapter for a\.csv: the field {field} has no column"):
        Adapter((Path("a.csv"),), {name: column for name, column in NEEDED.items() if name != field})


def test_optional_columns_may_be_missing() -> None:
    columns = NEEDED | {"patient_id": Column("pat")}
    assert Adapter((Path("a.csv"),), columns).needed_columns == ["img", "dx", "pat"]
    assert Adapter((Path("a.csv"),), columns, optional=frozenset({"patient_id"})).needed_columns == ["img", "dx"]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (
            "diagnosis",
            "Mole",
            "expected a name such as basal_cell_carcinoma, of at most 50 lower-case letters",
        ),
        ("diagnosis", "all", "expected the name of a diagnosis, got 'all', which means something else"),
        ("sex", "f", "expected 'female' or 'male'"),
        ("fitzpatrick_type", "7", "expected '1', '2', '3', '4', '5', '6', '1-2', '3-4' or '5-6'"),
    ],
)
def test_a_word_translated_to_an_unknown_value_is_named(field: str, value: str, expected: str) -> None:
    column = Column("c", values={"word": value})
    with pytest.raises(InputError, match=rf"adapter for a\.csv: {field}: 'word' becomes '{value}', {expected}"):
        Adapter((Path("a.csv"),), NEEDED | {field: column})


def test_every_dataset_that_parameters_can_name_has_an_adapter() -> None:
    assert sorted([*PUBLISHED, *OWN]) == sorted(NAMES)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_adapter_fills_fields_of_the_record(name: str) -> None:
    assert {"image_id", "diagnosis"} <= set(PUBLISHED[name].columns) <= set(get_args(FieldName))
    assert set(get_args(FieldName)) == set(Record.model_fields)


ISIC = OneHot({"MEL": "melanoma", "NV": "nevus"})


def test_the_column_with_a_one_gives_the_value() -> None:
    assert ISIC.read({"MEL": "0.0", "NV": " 1.0 "}) == "nevus"
    assert ISIC.read({"MEL": "1", "NV": "0"}) == "melanoma"
    assert Adapter((Path("a.csv"),), NEEDED | {"diagnosis": ISIC}).needed_columns == ["img", "MEL", "NV"]


@pytest.mark.parametrize("cells", [("0", "0"), ("0.0", "0"), ("", " ")])
def test_a_row_without_a_one_has_no_diagnosis(cells: tuple[str, str]) -> None:
    assert ISIC.read(dict(zip(ISIC.values, cells, strict=True))) is None


@pytest.mark.parametrize(
    "cells", [("1", "1"), ("1.0", "1"), ("1", ""), ("0", ""), ("1", "x"), ("0", "x"), ("0.5", "0.5"), ("0", "0,0")]
)
def test_a_row_that_is_not_one_hot_is_refused(cells: tuple[str, str]) -> None:
    row = dict(zip(ISIC.values, cells, strict=True))
    with pytest.raises(ValueError, match="expected at most one 1, and 0 in the other columns"):
        ISIC.read(row)
