"""Images are parted by the values of each attribute."""

from typing import Any

import numpy as np
import pandas as pd

from lesions.evaluation.attributes import list_values


def build_images(**columns: list[Any]) -> pd.DataFrame:
    """Return as many images as the columns have values, with nothing else that parts them."""
    same = dict.fromkeys(["sex", "age_years", "site", "diagnosis_confirmation", "fitzpatrick_type"], None)
    return pd.DataFrame(columns).assign(**same, source="a")


def test_subgroups_of_ones_own_follow_with_those_not_known() -> None:
    images = build_images(subgroup_clinic=["b", "b", "b"], subgroup_camera=["nikon", np.nan, "canon eos"])
    values = [(attribute, value, inside.tolist()) for attribute, value, inside in list_values(images)]
    assert values == [
        ("camera", "canon eos", [False, False, True]),
        ("camera", "nikon", [True, False, False]),
        ("camera", "unknown", [False, True, False]),
    ]


def test_ages_are_banded_and_values_are_named_and_ordered() -> None:
    images = pd.DataFrame(
        {
            "sex": ["female", None, "male", "female"],
            "age_years": [19.0, 20.0, np.nan, 85.0],
            "site": None,
            "source": "ham10000",
            "diagnosis_confirmation": None,
            "fitzpatrick_type": [2.0, 2.0, np.nan, 5.0],
        }
    )
    values = [(attribute, value, inside.tolist()) for attribute, value, inside in list_values(images)]
    T, F = True, False
    assert values == [
        ("sex", "female", [T, F, F, T]),
        ("sex", "male", [F, F, T, F]),
        ("sex", "unknown", [F, T, F, F]),
        ("age_years", "under 20", [T, F, F, F]),
        ("age_years", "20 to 39", [F, T, F, F]),
        ("age_years", "80 and over", [F, F, F, T]),
        ("age_years", "unknown", [F, F, T, F]),
        ("fitzpatrick_type", "2", [T, T, F, F]),
        ("fitzpatrick_type", "5", [F, F, F, T]),
        ("fitzpatrick_type", "unknown", [F, F, T, F]),
    ]
