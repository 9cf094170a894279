"""The words for answers, for every kind of answer that a model can give."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.answer_page import AnswerPage
from tests.served import build_manifest
from tests.services import Service

ANSWER = {
    "status": "ok",
    "reason": None,
    "diagnosis": "nevus",
    "probabilities": {"melanoma": 0.3, "nevus": 0.6, "vascular_lesion": 0.1},
    "malignancy": 0.3,
    "is_called_malignant": False,
    "prediction_set": ["nevus"],
    "abstains": False,
}


@pytest.fixture(scope="module")
def opened(browser: Browser, service: Service) -> Iterator[AnswerPage]:
    """One page for all words, which leave it as it is."""
    page = AnswerPage(browser, service.address)
    yield page
    page.close()


def describe_model(**changes: Any) -> dict[str, Any]:
    """What `/model` says that words depend on; nevus has a readable name, and the others have none."""
    manifest = build_manifest(**changes).model_dump(mode="json", by_alias=True)
    return {"manifest": manifest, "names": {"nevus": "nevus (mole)"}}


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [
        (0, 1, "0.0 %"),
        (1, 1, "100.0 %"),
        (0.5, 0, "50 %"),
        (0.0004, 1, "< 0.1 %"),
        (0.001, 1, "0.1 %"),
        (0.99951, 1, "> 99.9 %"),
        (0.99951, 2, "99.95 %"),
        (1e-30, 1, "< 0.1 %"),
    ],
)
def test_a_probability_in_percent(opened: AnswerPage, value: float, digits: int, words: str) -> None:
    assert opened.call_words("spellShare", value, digits) == words.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("value", "threshold", "words"),
    [
        (0.63, 0.4, ["63.0 %", "40.0 %"]),
        (0.39996, 0.4, ["39.996 %", "40.000 %"]),
        (0.4, 0.4, ["40.0 %", "40.0 %"]),
        (0.00001, 0.00002, ["0.001 %", "0.002 %"]),
    ],
)
def test_a_probability_never_looks_like_the_threshold_that_it_misses(
    opened: AnswerPage, value: float, threshold: float, words: list[str]
) -> None:
    spaced = [each.replace(" ", "\N{NO-BREAK SPACE}") for each in words]
    assert opened.call_words("spellBeside", value, threshold) == spaced


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([], "None of the diagnoses is probable enough."),
        (["nevus"], "Nevus (mole)."),
        (["melanoma", "vascular_lesion"], "Melanoma or vascular lesion."),
        (["melanoma", "nevus", "vascular_lesion"], "Any of the 3 diagnoses: nothing can be ruled out."),
    ],
)
def test_a_prediction_set_in_words(opened: AnswerPage, members: list[str], words: str) -> None:
    answer = ANSWER | {"prediction_set": members}
    assert opened.call_words("describeSet", answer, describe_model())[0] == words


@pytest.mark.parametrize(("count", "words"), [(1, "a"), (2, "a or b"), (3, "a, b or c"), (4, "a, b, c or d")])
def test_names_are_joined(opened: AnswerPage, count: int, words: str) -> None:
    assert opened.call_words("joinNames", ["a", "b", "c", "d"][:count]) == words


def test_without_a_malignant_side_nothing_is_said_of_malignancy(opened: AnswerPage) -> None:
    assert opened.call_words("describeMalignancy", ANSWER | {"malignancy": None}, describe_model()) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"num_test_images": 0, "num_test_groups": 0, "scores": {}},
            "What sensitivity and specificity this point has on test images is not known: the model's scores on test "
            "images are sealed.",
        ),
        ({"scores": {}}, "What sensitivity and specificity this point has on test images is not known."),
        (
            {"scores": {"malignancy_sensitivity": {"value": 0.9, "low": None, "high": None}}},
            "What sensitivity and specificity this point has on test images is not known.",
        ),
    ],
)
def test_an_operating_point_that_was_not_measured(opened: AnswerPage, changes: dict[str, Any], words: str) -> None:
    assert opened.call_words("describePoint", describe_model(**changes)) == words


def test_a_lesion_counts_its_images(opened: AnswerPage) -> None:
    lesion = ANSWER | {"num_images": 3, "num_refused": 0, "num_unlike": 0}
    assert opened.call_words("describeNotes", lesion, describe_model()) == ["The mean of 3 of 3 images."]
