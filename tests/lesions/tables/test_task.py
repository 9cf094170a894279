"""Tests of the task: its classes, their malignant side, and invalid sections."""

import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.parameters.section import read_section
from lesions.tables.task import TaskParameters, encode_diagnoses
from tests.builders import TASK, WriteParams

GROUPINGS = {"pigment": {"pigmented": ["melanoma", "nevus"], "other": ["basal_cell_carcinoma"]}}
THERE = ["nevus", "melanoma", "basal_cell_carcinoma", "nevus"]


@pytest.fixture
def read(write_params: WriteParams):  # type: ignore[no-untyped-def]
    """Return a function that reads a section `task` with changes."""

    def read(**changes: object) -> TaskParameters:
        section = TASK | {"groupings": GROUPINGS} | changes
        return read_section(write_params(task=section), "task", TaskParameters)

    return read


def test_every_diagnosis_is_a_class(read) -> None:  # type: ignore[no-untyped-def]
    classes = read().group(THERE)
    assert classes == {
        "basal_cell_carcinoma": ("basal_cell_carcinoma",),
        "melanoma": ("melanoma",),
        "nevus": ("nevus",),
    }
    assert list(classes) == sorted(classes)
    assert read().find_sides(list(classes.values())) == (True, True, False)


def test_malignancy_has_two_classes(read) -> None:  # type: ignore[no-untyped-def]
    task = read(name="malignancy")
    classes = task.group(THERE)
    assert classes == {"benign": ("nevus",), "malignant": ("basal_cell_carcinoma", "melanoma")}
    assert task.find_sides(list(classes.values())) == (False, True)


def test_the_mapping_can_be_overridden(read) -> None:  # type: ignore[no-untyped-def]
    task = read(name="malignancy", malignant=["nevus"], benign=["basal_cell_carcinoma", "melanoma"])
    assert task.group(THERE) == {"benign": ("basal_cell_carcinoma", "melanoma"), "malignant": ("nevus",)}


def test_a_class_with_benign_and_malignant_diagnoses_has_no_side(read) -> None:  # type: ignore[no-untyped-def]
    task = read(name="pigment")
    classes = task.group(THERE)
    assert classes == {"other": ("basal_cell_carcinoma",), "pigmented": ("melanoma", "nevus")}
    assert task.find_sides(list(classes.values())) is None
    assert task.find_sides([["nevus"], ["benign_keratosis"]]) is None
    assert task.find_sides([["nevus"], ["melanoma"]]) == (False, True)


def test_a_diagnosis_may_be_neither_malignant_nor_benign(read) -> None:  # type: ignore[no-untyped-def]
    task = read(neither=["atypical_nevus", "psoriasis"])
    assert task.find_sides([["nevus"], ["melanoma"], ["atypical_nevus", "psoriasis"]]) == (False, True, None)
    assert task.find_sides([["nevus", "psoriasis"], ["melanoma"]]) is None
    assert task.find_sides([["psoriasis"], ["melanoma"]]) is None
    with pytest.raises(InputError, match="task: malignancy has no class for psoriasis, which the data have"):
        read(name="malignancy", neither=["psoriasis"]).group([*THERE, "psoriasis"])


@pytest.mark.parametrize("name", ["diagnosis", "malignancy", "pigment"])
def test_a_diagnosis_on_no_list_is_refused_with_the_lists(read, name: str) -> None:  # type: ignore[no-untyped-def]
    message = (
        r"task: the data have blue_nevis, wart; say in task\.malignant, task\.benign or task\.neither what it is, or "
        r"correct its name in dataset\.words\.diagnosis \(malignant: actinic_k.*; benign: benign, .*; neither: i.*\)"
    )
    with pytest.raises(InputError, match=message):
        read(name=name).group([*THERE, "wart", "blue_nevis"])
    with pytest.raises(InputError, match="the data have wart; say in"):
        read(name=name).find_sides([["melanoma"], ["nevus"], ["wart"]])


def test_diagnoses_become_the_indices_of_their_classes() -> None:
    indices = encode_diagnoses(pd.Series(THERE), [["nevus"], ["basal_cell_carcinoma", "melanoma"]])
    assert indices.tolist() == [0, 1, 1, 0]


def test_a_diagnosis_without_a_class_is_refused(read) -> None:  # type: ignore[no-untyped-def]
    message = r"groupings\.pigment has no class for dermatofibroma, which the data have"
    with pytest.raises(InputError, match=message):
        read(name="pigment").group([*THERE, "dermatofibroma"])


def test_a_class_without_images_is_refused(read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=r"no image has a diagnosis of the class malignant of malignancy"):
        read(name="malignancy").group(["nevus", "dermatofibroma"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "cancer"}, r"expected name to be one of diagnosis, malignancy, pigment, got 'cancer'"),
        ({"malignant": ["Skin cancer"]}, r"task\.malignant\.0: expected a name such as basal_cell_.* 'Skin cancer'"),
        ({"benign": ["wart\n"]}, r"task\.benign\.0: expected a name such as .*, got 'wart\\n'"),
        ({"neither": ["x" * 51]}, r"task\.neither\.0: expected a name such as .*, of at most 50 lower-case letters"),
        ({"neither": ["unknown"]}, r"task\.neither\.0: expected the name of a diagnosis, got 'unknown', which means"),
        ({"neither": ["melanoma"]}, "task: malignant, benign and neither name melanoma more than once"),
        ({"benign": ["nevus", "nevus"]}, "task: malignant, benign and neither name nevus more than once"),
        ({"groupings": {"malignancy": {"a": ["nevus"], "b": ["melanoma"]}}}, "would hide the task of that name"),
        ({"groupings": {"g": {"a": ["nevus"], "b": ["nevus"]}}}, r"groupings\.g names nevus more than once"),
        ({"groupings": {"g": {"a": ["nevus"]}}}, r"task\.groupings\.g: expected at least 2 items"),
        ({"groupings": {"g": {"A b": ["nevus"], "b": ["melanoma"]}}}, r"expected text like"),
    ],
)
def test_an_invalid_section_is_refused(read, changes: dict[str, object], message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        read(**changes)
