"""Copies that contradict each other are counted by diagnosis and by pair of diagnoses, and too many stop the run."""

from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.splitting.conflicts import (
    check_few_conflict,
    count_conflicts,
    list_conflicting_diagnoses,
    list_conflicting_pairs,
)
from tests.builders import metadata_table

DIAGNOSES = [
    "nevus",
    "melanoma",
    "nevus",
    "nevus",
    "melanoma",
    "dermatofibroma",
    "nevus",
    "nevus",
    "nevus",
    "melanoma",
]
# Two pictures of two images each, one of three diagnoses, one of two nevi, and one image alone.
PICTURES = ["a", "a", "b", "c", "b", "c", "d", "d", "e", "c"]
TABLE = metadata_table(DIAGNOSES, picture_id=PICTURES)


def check(allowed: float) -> None:
    check_few_conflict(TABLE, allowed, metadata=Path("metadata.csv"), copies=Path("pairs.csv"))


def test_conflicts_are_counted_by_diagnosis_and_by_pair() -> None:
    assert count_conflicts(TABLE) == {
        "num_conflicting_images": 7,
        "conflicting_images": {
            "dermatofibroma": {"num_conflicting": 1, "num_images": 1},
            "melanoma": {"num_conflicting": 3, "num_images": 3},
            "nevus": {"num_conflicting": 3, "num_images": 6},
        },
        "conflicting_pairs": {"dermatofibroma": {"melanoma": 1, "nevus": 1}, "melanoma": {"nevus": 3}},
    }


def test_several_images_of_a_picture_make_a_pair_each() -> None:
    counts = count_conflicts(metadata_table(["nevus", "nevus", "melanoma", "melanoma"], picture_id=[*"aaaa"]))
    assert counts["conflicting_pairs"] == {"melanoma": {"nevus": 4}}


@pytest.mark.parametrize("diagnoses", [[], ["nevus", "nevus"]])
def test_copies_that_agree_are_no_conflict(diagnoses: list[str]) -> None:
    counts = count_conflicts(metadata_table(diagnoses, picture_id=["a"] * len(diagnoses)))
    assert counts == {"num_conflicting_images": 0, "conflicting_images": {}, "conflicting_pairs": {}}


def test_the_most_frequent_pair_and_the_diagnosis_that_loses_most_come_first() -> None:
    counts = count_conflicts(TABLE)
    assert list_conflicting_pairs(counts["conflicting_pairs"]) == [
        "melanoma ↔ nevus: 3 pairs",
        "dermatofibroma ↔ melanoma: 1 pair",
        "dermatofibroma ↔ nevus: 1 pair",
    ]
    assert list_conflicting_diagnoses(counts["conflicting_images"]) == [
        "1 of 1 dermatofibroma",
        "3 of 3 melanoma",
        "3 of 6 nevus",
    ]


def test_at_most_fifteen_pairs_of_diagnoses_are_listed() -> None:
    listed = list_conflicting_pairs({"a": {f"b{n:02d}": n + 1 for n in range(17)}})
    assert listed[0] == "a ↔ b16: 17 pairs"
    assert listed[14:] == ["a ↔ b02: 3 pairs", "and 2 other pairs of diagnoses"]


def test_more_conflicts_than_allowed_stop_the_run_with_the_table_and_the_ways_on() -> None:
    check(0.7)
    with pytest.raises(InputError) as raised:
        check(0.69)
    lines = str(raised.value).splitlines()
    assert lines[0] == (
        "metadata.csv: 7 of 10 images (70.0%) have a copy with another diagnosis; "
        "split.max_conflicting_fraction is 0.69:"
    )
    assert lines[1:-1] == [
        "  melanoma ↔ nevus: 3 pairs",
        "  dermatofibroma ↔ melanoma: 1 pair",
        "  dermatofibroma ↔ nevus: 1 pair",
        "  1 of 1 dermatofibroma",
        "  3 of 3 melanoma",
        "  3 of 6 nevus",
    ]
    for way_on in (
        "pairs.csv",
        "Correct the table",
        "near_duplicates.min_correlation",
        "split.max_conflicting_fraction",
        "split.conflicting_copies",
    ):
        assert way_on in lines[-1]
