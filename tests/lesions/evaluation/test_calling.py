"""By which rule an image is called a class is said, with the number of images for which it matters."""

from dataclasses import replace

import numpy as np
import pytest

from lesions.evaluation.calling import describe_calling, describe_foreign_calling
from tests.runs import build_predictions

ALIKE = build_predictions(np.array([0, 1, 2]), np.eye(3))
OTHER = replace(ALIKE, called=np.array([0, 0, 1]))

RULE = "An image is called the class with the highest logit before calibration"
COUNTED = "of 3 test images, it is another one in 2 (b)."


@pytest.mark.parametrize(
    ("shifts_prior", "sentence"),
    [
        (None, f"{RULE}. That need not be the most probable class: {COUNTED}"),
        (
            {"a": False, "b": True},
            f"{RULE}. The class weights, sampling or logit adjustment make a rare class likelier to be called, as "
            f"balanced accuracy asks. It need not be the most probable class: {COUNTED}",
        ),
        # Calibration by vector moves single classes, though training weighed none.
        (
            {"a": True, "b": False},
            f"{RULE}. Training weighed no class; calibration makes another class the most probable one: {COUNTED}",
        ),
    ],
)
def test_images_that_are_called_another_class_than_the_most_probable_are_counted(
    shifts_prior: dict[str, bool] | None, sentence: str
) -> None:
    assert describe_calling({"a": ALIKE, "b": OTHER}, shifts_prior=shifts_prior) == sentence


def test_of_several_models_those_that_weighed_the_classes_are_named() -> None:
    sentence = describe_calling({"a": OTHER, "b": OTHER}, shifts_prior={"a": False, "b": True})
    assert "The class weights, sampling or logit adjustment of b make a rare class likelier" in sentence
    assert "in 2 (a), 2 (b)." in sentence


def test_where_the_rules_agree_that_is_said_of_the_images() -> None:
    assert describe_calling({"a": ALIKE}, images="validation images", shifts_prior={"a": True}) == (
        f"{RULE}; that is also the most probable class of all 3 validation images."
    )


def test_of_somebody_elses_table_the_rule_is_what_the_file_says() -> None:
    assert describe_foreign_calling(OTHER) == (
        "An image is called what the file calls it; for 2 of 3 images, that is not the most probable class."
    )
    assert describe_foreign_calling(ALIKE) == (
        "An image is called its most probable class: the file does not say what it calls an image."
    )
