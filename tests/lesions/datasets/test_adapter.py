"""Adapters translate cells, and leave what they do not know for the record to refuse."""

from pathlib import Path
from typing import get_args

import pytest

from lesions.datasets.adapter import Adapter, Column
from lesions.datasets.record import Diagnosis, DiagnosisConfirmation, Record
from lesions.datasets.registry import ADAPTERS
from lesions.errors import InputError

NEEDED = {"image_id": Column("img"), "diagnosis": Column("dx")}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("mel", "melanoma"), (" mel ", "melanoma"), ("", None), ("  ", None), ("n/a", None)],
)
def test_a_cell_is_translated(cell: str, expected: str | None) -> None:
    assert Column("dx", values={"mel": "melanoma"}, missing=frozenset({"n/a"})).read({"dx": cell}) == expected


@pytest.mark.parametrize("cell", ["other", "melanoma", "MEL"])
def test_a_word_that_is_not_the_datasets_is_refused_with_those_that_are(cell: str) -> None:
    column = Column("dx", values={"mel": "melanoma"}, missing=frozenset({"n/a"}))
    with pytest.raises(ValueError, match="is unknown; known are mel, n/a"):
        column.read({"dx": cell})


def test_without_words_of_its_own_a_cell_stands_as_it_is() -> None:
    assert Column("id").read({"id": " ISIC_1 "}) == "ISIC_1"


def test_what_is_numbered_within_another_column_is_told_apart_by_both() -> None:
    column = Column("lesion", within="patient")
    assert column.read({"patient": "P1", "lesion": "7"}) != column.read({"patient": "P2", "lesion": "7"})
    assert column.read({"patient": "P1", "lesion": ""}) is None
    adapter = Adapter(Path("a.csv"), NEEDED | {"lesion_id": column})
    assert adapter.needed_columns == ["img", "dx", "lesion", "patient"]


def test_only_fields_of_the_record_have_columns() -> None:
    with pytest.raises(
        InputError, match=r"adapter for a\.csv: there is no field colour; there are image_id, patient"
    ):
        Adapter(Path("a.csv"), NEEDED | {"colour": Column("colour")})


@pytest.mark.parametrize("field", ["image_id", "diagnosis"])
def test_every_dataset_has_images_and_diagnoses(field: str) -> None:
    with pytest.raises(InputError, match=rf"adapter for a\.csv: the field {field} has no column"):
        Adapter(Path("a.csv"), {name: column for name, column in NEEDED.items() if name != field})


def test_optional_columns_are_not_needed() -> None:
    columns = NEEDED | {"patient_id": Column("pat")}
    assert Adapter(Path("a.csv"), columns).needed_columns == ["img", "dx", "pat"]
    assert Adapter(Path("a.csv"), columns, optional=frozenset({"patient_id"})).needed_columns == ["img", "dx"]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("diagnosis", "mole", "expected 'actinic_keratosis', 'basal_cell_carcinoma'"),
        ("sex", "f", "expected 'female' or 'male'"),
        ("fitzpatrick_type", "7", "expected less than or equal to 6"),
    ],
)
def test_a_word_that_becomes_none_of_ours_is_named(field: str, value: str, expected: str) -> None:
    column = Column("c", values={"word": value})
    with pytest.raises(InputError, match=rf"adapter for a\.csv: {field}: 'word' becomes '{value}', {expected}"):
        Adapter(Path("a.csv"), NEEDED | {field: column})


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_every_adapter_speaks_of_known_diagnoses_and_confirmations(name: str) -> None:
    columns = ADAPTERS[name].columns
    assert {"image_id", "diagnosis"} <= set(columns) <= set(Record.model_fields)
    assert set(columns["diagnosis"].values.values()) <= set(get_args(Diagnosis))
    assert set(columns["diagnosis_confirmation"].values.values()) <= set(get_args(DiagnosisConfirmation))
