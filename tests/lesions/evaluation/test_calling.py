"""By which rule an image is called a class is said, with the number of images for which it matters."""

from dataclasses import replace

import numpy as np

from lesions.evaluation.calling import describe_calling
from tests.runs import build_predictions

ALIKE = build_predictions(np.array([0, 1, 2]), np.eye(3))


def test_images_that_are_called_another_class_than_the_most_probable_are_counted() -> None:
    other = replace(ALIKE, called=np.array([0, 0, 1]))
    assert describe_calling({"a": ALIKE, "b": other}) == (
        "An image is called the class with the highest logit of the network as it was trained, with its class "
        "weights, sampling and logit adjustment: the rule that balanced accuracy asks for. That need not be the most "
        "probable class: of 3 test images, it is another one in 0 (a), 2 (b)."
    )


def test_where_the_rules_agree_that_is_said() -> None:
    assert describe_calling({"a": ALIKE}) == (
        "An image is called the class with the highest logit of the network as it was trained; that is also the most "
        "probable class of all 3 test images."
    )
