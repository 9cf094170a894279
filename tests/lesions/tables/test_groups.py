"""Tests that groups are connected components of shared patients, lesions and copies."""

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesions.tables.groups import (
    build_groups,
    count_diagnoses,
    find_conflicting,
    find_pictures,
    name_identifiers,
    spell_ties,
    spell_units,
)
from tests.builders import metadata_table

identifiers = st.none() | st.integers(0, 6).map(str)


NO_COPIES = pd.DataFrame({"image_id": [], "other_image_id": []}, dtype=str)


def copies(*pairs: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame([[f"image_{n:04d}" for n in pair] for pair in pairs], columns=list(NO_COPIES.columns))


def table(patients: list[Any], lesions: list[Any]) -> pd.DataFrame:
    return metadata_table(["nevus"] * len(patients), patient_id=patients, lesion_id=lesions)


def test_a_shared_patient_or_lesion_joins_images_also_indirectly() -> None:
    groups = build_groups(
        table(["p1", "p1", None, "p2", None, None], ["l1", "l2", "l2", "l3", None, None]), NO_COPIES
    )
    # Image 2 has no patient but shares a lesion with image 1; the last two share nothing.
    assert groups.tolist() == ["g00001", "g00001", "g00001", "g00002", "g00003", "g00004"]


def test_a_patient_and_a_lesion_of_the_same_name_are_distinct() -> None:
    assert build_groups(table(["7", "8"], ["8", "9"]), NO_COPIES).nunique() == 2


def test_a_copy_joins_two_patients() -> None:
    groups = build_groups(table(["p1", "p1", "p2", "p2", "p3"], [None] * 5), copies((1, 2)))
    assert groups.tolist() == ["g00001"] * 4 + ["g00002"]


def test_conflicts_spread_along_copies_but_not_along_patients() -> None:
    images = metadata_table(
        ["nevus", "nevus", "melanoma", "nevus", "nevus", "nevus"], patient_id=["p", "q", "r", "p", "s", "t"]
    )
    # 0, 1 and 2 are one picture; 3 has the patient of 0; 4 and 5 are copies that agree.
    is_conflicting = find_conflicting(images.diagnosis, find_pictures(images, copies((0, 1), (1, 2), (4, 5))))
    assert is_conflicting.tolist() == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("patients", "lesions", "identifiers", "units", "ties"),
    [
        (["p1", "p2"], ["l1", None], "patient_id and lesion_id", "patients or lesions", "patient, lesion or picture"),
        (["p1", None], [None, None], "patient_id", "patients", "patient or picture"),
        ([None, None], ["l1", "l2"], "lesion_id", "lesions", "lesion or picture"),
        ([None, None], [None, None], "", "images", "picture"),
    ],
)
def test_words_name_only_the_identifiers_that_there_are(
    patients: list[str | None], lesions: list[str | None], identifiers: str, units: str, ties: str
) -> None:
    assert name_identifiers(table(patients, lesions)) == identifiers
    assert (spell_units(identifiers), spell_ties(identifiers)) == (units, ties)


pairs = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=8)


@given(st.lists(st.tuples(identifiers, identifiers), min_size=1, max_size=30), pairs)
def test_groups_equal_the_components_of_networkx(
    rows: list[tuple[str | None, str | None]], drawn: list[tuple[int, int]]
) -> None:
    patients, lesions = map(list, zip(*rows, strict=True))
    copied = [pair for pair in drawn if max(pair) < len(rows)]
    graph = nx.Graph()
    for image, (patient, lesion) in enumerate(rows):
        graph.add_node(image)
        graph.add_edges_from((image, ("patient", patient)) for patient in [patient] if patient is not None)
        graph.add_edges_from((image, ("lesion", lesion)) for lesion in [lesion] if lesion is not None)
    graph.add_edges_from(copied)
    expected = {frozenset(node for node in part if isinstance(node, int)) for part in nx.connected_components(graph)}
    groups = build_groups(table(patients, lesions), copies(*copied))
    components = {frozenset(np.flatnonzero(groups == group).tolist()) for group in groups.unique()}
    assert components == expected


def test_images_are_counted_by_group_and_diagnosis() -> None:
    counts, groups, diagnoses = count_diagnoses(
        pd.Series(["b", "a", "b", "b"]), pd.Series(["nevus", "nevus", "melanoma", "nevus"])
    )
    assert groups.tolist() == ["a", "b"]
    assert diagnoses == ["melanoma", "nevus"]
    np.testing.assert_array_equal(counts, [[0, 1], [1, 2]])
