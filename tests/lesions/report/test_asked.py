"""What was asked is said with what was trained: an ensemble is none of it."""

import pytest

from lesions.report.asked import describe_question
from lesions.report.inputs import SplitSummary
from tests.runs import SPLIT


@pytest.mark.parametrize(
    ("num_networks", "num_ensembles", "words"),
    [
        (1, 0, "One network was trained on {} images. What"),
        (2, 0, "2 networks were trained on {} images. The best of them was chosen"),
        (2, 1, "2 networks were trained on {} images, and an ensemble combines them. The best of them was chosen"),
        (3, 2, "3 networks were trained on {} images, and 2 ensembles combine them. The best of them was chosen"),
        (1, 1, "One network was trained on {} images, and an ensemble combines it with others. The best of them"),
    ],
)
def test_ensembles_are_not_trained(num_networks: int, num_ensembles: int, words: str) -> None:
    split = SplitSummary(**SPLIT)
    asked = describe_question(
        ("melanoma", "nevus"), split, "balanced_accuracy", num_networks=num_networks, num_ensembles=num_ensembles
    )
    assert asked["answering"].startswith(words.format(f"{split.num_images['train']:,}"))
