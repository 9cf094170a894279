"""A column with many values, or with a value for nearly each patient, is no subgroup."""

import re

import pandas as pd
import pytest

from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.subgroups import MAX_VALUES, check_subgroups
from lesions.errors import InputError
from tests.builders import dataset_section

SOURCES = [
    {
        "name": name,
        "kind": "csv",
        "table": "t.csv",
        "columns": {"image_id": "photo", "diagnosis": "finding"},
        "subgroups": {"camera": f"{name}_cam"},
    }
    for name in ("a", "b")
]
PARAMETERS = DatasetParameters.model_validate(dataset_section("r", "a", "b", sources=SOURCES), strict=False)


def images(source: str, values: list[str | None], patients: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame({"source": source, "subgroup_camera": values, "patient_id": patients})


def name_values(number: int, times: int = 1) -> list[str | None]:
    return [f"v{n}" for n in range(number) for _ in range(times)]


def refuse(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        check_subgroups(table, PARAMETERS)


def test_few_values_pass_however_small_the_dataset_is() -> None:
    check_subgroups(images("a", name_values(5), name_values(5)), PARAMETERS)
    check_subgroups(images("a", [None, None], ["P1", "P2"]), PARAMETERS)


@pytest.mark.parametrize(("patients", "units"), [(name_values(11), "11 patients"), ([None] * 11, "11 images")])
def test_a_value_for_each_patient_or_each_image_is_an_identifier(patients: list[str | None], units: str) -> None:
    refuse(
        images("b", name_values(6) + name_values(5), patients),
        f"dataset.sources.1.subgroups.camera: b: b_cam has 6 values for {units}: they look like identifiers or "
        "measurements, and the values of subgroups leave data/; take the column out, or join its values by words",
    )


def test_half_as_many_values_as_patients_pass() -> None:
    check_subgroups(images("a", name_values(6, times=2), name_values(12)), PARAMETERS)


def test_several_images_of_a_patient_do_not_hide_an_identifier() -> None:
    """Each of 20 patients has 10 images and a value of its own: 20 values of 200 images."""
    with pytest.raises(InputError, match="a_cam has 20 values for 20 patients: they look like identifiers"):
        check_subgroups(images("a", name_values(20, times=10), name_values(20, times=10)), PARAMETERS)


def test_too_many_values_are_counted_in_each_dataset_and_together() -> None:
    few = images("a", name_values(MAX_VALUES, times=3), name_values(3 * MAX_VALUES))
    check_subgroups(few, PARAMETERS)
    refuse(
        pd.concat([few, images("b", ["other"] * 9, name_values(9))]),
        "dataset.sources.0.subgroups.camera: a: a_cam has 30 values; "
        "dataset.sources.1.subgroups.camera: b: b_cam has 1 values, 31 together; at most 30 can be subgroups: join "
        "values by words.camera, write bands of numbers into the table, or take the column out",
    )
