"""All members have logits of the same images, or are refused by what they lack."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.evaluation.members import align_members
from lesions.tables.classes import Classes
from lesions.tables.predictions import Predictions

KNOWN = Classes(("melanoma", "nevus"), (("melanoma",), ("nevus",)), (1, 1), (1.0, 1.0))

IMAGES = pd.DataFrame(
    {
        "image_id": ["a", "b", "c", "d", "e"],
        "group_id": ["g1", "g2", "g3", "g4", "g5"],
        "split": ["train", "val", "test", "external", "train"],
        "diagnosis": ["nevus", "melanoma", "nevus", "nevus", "melanoma"],
    }
)


def table_of(names: str, labels: list[int], split: str = "train") -> Predictions:
    """Logits whose first column numbers the images of a table, which another run put into other groups and splits."""
    images = pd.DataFrame({"image_id": [*names], "group_id": "x1", "split": split})
    logits = np.column_stack([np.arange(len(names), dtype=np.float64), np.zeros(len(names))])
    return Predictions(images, KNOWN.classes, np.array(labels), logits)


FIRST, SECOND = table_of("abcde", [1, 0, 1, 1, 0]), table_of("zedcb", [0, 0, 1, 1, 0])


def test_rows_are_those_that_are_scored_and_the_training_images_that_all_have() -> None:
    aligned = align_members({"first": FIRST, "second": SECOND}, IMAGES, KNOWN)
    for member, order in (("first", [1, 2, 3, 4]), ("second", [4, 3, 2, 1])):
        assert aligned[member].images.image_id.tolist() == ["b", "c", "d", "e"]
        assert aligned[member].images.split.tolist() == ["val", "test", "external", "train"]
        assert aligned[member].images.group_id.tolist() == ["g2", "g3", "g4", "g5"]
        assert aligned[member].y_true.tolist() == [0, 1, 1, 0]
        assert aligned[member].logits[:, 0].tolist() == order


def test_training_images_here_that_a_member_has_not_learnt_from_are_left_out() -> None:
    tested = table_of("e", [0], "test")
    some = Predictions(
        pd.concat([SECOND.images.iloc[[0, 2, 3, 4]], tested.images], ignore_index=True),
        KNOWN.classes,
        np.array([0, 1, 1, 0, 0]),
        np.zeros((5, 2)),
    )
    with pytest.raises(InputError, match="have logits of no training image that all of them learnt from"):
        align_members({"first": FIRST, "some": some}, IMAGES, KNOWN)


def test_a_member_without_a_scored_image_is_refused() -> None:
    few = table_of("abe", [1, 0, 0])
    with pytest.raises(
        InputError, match=r"few: has no logits of 2 images of external, test, such as c; it must have"
    ):
        align_members({"first": FIRST, "few": few}, IMAGES, KNOWN)


def test_a_member_with_another_diagnosis_of_an_image_is_refused() -> None:
    other = table_of("abcde", [1, 0, 0, 1, 0])
    with pytest.raises(
        InputError, match=r"other: 1 images have another diagnosis here, such as c: melanoma there, nev"
    ):
        align_members({"other": other}, IMAGES, KNOWN)


def test_a_member_with_other_classes_is_refused() -> None:
    other = replace(FIRST, classes=("nevus", "melanoma"))
    with pytest.raises(InputError, match="other: has the classes nevus, melanoma, and this run melanoma, nevus"):
        align_members({"other": other}, IMAGES, KNOWN)


def test_members_without_a_training_image_in_common_are_refused() -> None:
    one, two = table_of("abcd", [1, 0, 1, 1]), table_of("ebcd", [0, 0, 1, 1])
    with pytest.raises(InputError, match="one, two: have logits of no training image that all of them learnt from"):
        align_members({"one": one, "two": two}, IMAGES, KNOWN)
