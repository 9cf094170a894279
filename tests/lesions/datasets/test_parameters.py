"""The section `dataset` refuses what contradicts itself, or would have no effect."""

import re
from typing import Any

import pytest

from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.parameters.section import read_section
from tests.builders import WriteParams, dataset_section

COLUMNS = {"image_id": "photo", "diagnosis": "finding", "age_years": "age"}
ONE_HOT = {"image_id": "photo", "diagnosis": {"MEL": "melanoma", "NV": "nevus"}}


def read(write_params: WriteParams, *names: str, **changes: Any) -> DatasetParameters:
    layout = {"table": "t.csv", "columns": COLUMNS} if "csv" in names else {}
    return read_section(
        write_params(dataset=dataset_section("r", *names, **layout | changes)), "dataset", DatasetParameters
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"words": {"diagnosis": {"N A": "nevus"}}, "missing": {"diagnosis": ["n  a "]}},
            "words.diagnosis and missing.diagnosis both have 'N A'; say it in one of them",
        ),
        ({"words": {"diagnosis": {" ": "nevus"}}}, "words.diagnosis: an empty cell always means 'not known', and"),
        ({"missing": {"sex": ["x"]}}, "missing.sex has no column; columns.sex is missing"),
        ({"words": {"sex": {"f": "female"}}}, "words.sex has no column; columns.sex is missing"),
        ({"missing": [99]}, "dataset.missing.0: expected text, got 99"),
        ({"missing": {"age_years": [99]}}, "dataset.missing.age_years.0: expected text, got 99"),
        ({"missing": {"age": ["99"]}}, "fitzpatrick_type or a name in subgroups, got 'age'"),
        ({"missing": "x"}, "dataset.missing: expected a list or a section, got 'x'"),
        (
            {"diagnoses": ["Melanoma", "nevus"]},
            "dataset.diagnoses.0: expected a name such as basal_cell_carcinoma, of",
        ),
        (
            {"columns": COLUMNS | {"diagnosis": {"MEL": "melanoma"}}},
            "dataset.columns.diagnosis: expected text or at le",
        ),
        (
            {"columns": COLUMNS | {"diagnosis": {"MEL": "Melanoma", "NV": "nevus"}}},
            "dataset.columns.diagnosis.MEL: expected a name such as basal_cell_carcinoma, of at most 50 lower-case",
        ),
        (
            {"columns": COLUMNS | {"age_years": {"old": "melanoma", "young": "nevus"}}},
            "columns.age_years: expected the name of a column; only diagnosis can have several",
        ),
        (
            {"columns": ONE_HOT, "words": {"diagnosis": {"1": "nevus"}}},
            "words.diagnosis has no word to explain, for columns.diagnosis names several columns",
        ),
        (
            {"columns": ONE_HOT, "missing": {"diagnosis": ["?"]}},
            "missing.diagnosis has no word to explain, for columns.diagnosis names several columns",
        ),
    ],
)
def test_a_contradiction_is_refused_by_name(write_params: WriteParams, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        read(write_params, "csv", **changes)
    assert "function-after" not in str(caught.value)
    assert "constrained-str" not in str(caught.value)


def test_words_that_would_change_nothing_in_a_published_dataset_are_refused(write_params: WriteParams) -> None:
    with pytest.raises(InputError, match=r"lesions_by_patient belong to csv and image_folder, got ham10000$"):
        read(write_params, "ham10000", missing={"age_years": ["99"]})
    assert read(write_params, "ham10000", missing=["99"]).missing == ("99",)


def test_the_folders_of_diagnoses_have_missing_words_too(write_params: WriteParams) -> None:
    assert read(write_params, "image_folder", missing={"diagnosis": ["unsorted"]}).missing_by_field == {
        "diagnosis": ("unsorted",)
    }


def test_one_hot_columns_may_name_new_diagnoses_and_unknown_ones(write_params: WriteParams) -> None:
    columns = {
        "image_id": "photo",
        "diagnosis": {"SK": "seborrheic_keratosis", "WART": "viral_wart", "UNK": "unknown"},
    }
    assert read(write_params, "csv", columns=columns).columns == columns
