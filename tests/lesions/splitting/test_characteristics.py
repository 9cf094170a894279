"""Age, sex, site and others are counted in each split, beside each other."""

import pandas as pd

from lesions.splitting.characteristics import list_characteristics
from tests.builders import metadata_table


def build_table(**columns: list[object]) -> pd.DataFrame:
    table = metadata_table(["melanoma", "nevus", "nevus", "nevus"], **columns)
    return table.assign(split=["train", "train", "test", "dropped"])


def test_each_split_has_its_numbers_and_what_is_not_known() -> None:
    rows = list_characteristics(
        build_table(age_years=[40.0, 60.0, None, 99.0], sex=["male", "female", "male", "male"])
    )
    found = {(row["characteristic"], row["value"], row["split"]): row["number"] for row in rows}
    assert found["images", "", "train"] == 2
    assert found["patients", "", "test"] == 1
    assert found["age_years", "median", "train"] == 50
    assert found["age_years", "lower quartile", "train"] == 45
    assert found["age_years", "median", "test"] is None
    assert (found["age_years", "not known", "train"], found["age_years", "not known", "test"]) == (0, 1)
    assert (found["sex", "female", "train"], found["sex", "female", "test"]) == (1, 0)
    assert (found["diagnosis", "melanoma", "train"], found["diagnosis", "melanoma", "test"]) == (1, 0)
    assert {split for _, _, split in found} == {"train", "test"}


def test_subgroups_of_ones_own_are_counted_by_their_name() -> None:
    rows = list_characteristics(build_table(subgroup_camera=["canon", "2", None, "canon"]))
    found = [(row["value"], row["split"], row["number"]) for row in rows if row["characteristic"] == "camera"]
    assert found == [
        ("2", "train", 1),
        ("2", "test", 0),
        ("canon", "train", 1),
        ("canon", "test", 0),
        ("not known", "train", 0),
        ("not known", "test", 1),
    ]


def test_what_no_image_has_is_left_out() -> None:
    rows = list_characteristics(build_table(patient_id=[None] * 4, lesion_id=[None] * 4))
    assert {row["characteristic"] for row in rows} == {"images", "diagnosis", "source"}
