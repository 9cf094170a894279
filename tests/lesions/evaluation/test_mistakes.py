"""All missed melanomas are among the saved mistakes, up to a number, and the most confident of the others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesions.evaluation.mistakes import NUM_MISSED, NUM_MISTAKES, find_gravest, list_mistakes, write_mistakes
from lesions.formats.json_file import read_json
from tests.runs import build_predictions


def mistake(true: int, called: int, probability: float) -> tuple[int, np.ndarray]:
    """Return the true class and logits that give the called class this probability, and the others the rest."""
    y_prob = np.full(3, (1 - probability) / 2)
    y_prob[called] = probability
    return true, np.log(y_prob)


def test_missed_melanomas_are_listed_behind_more_confident_mistakes() -> None:
    """40 nevi are called melanoma, less and less confidently; two melanomas are missed at the very end."""
    images = [mistake(1, 0, 0.99 - 0.01 * n) for n in range(40)] + [mistake(0, 1, 0.5), mistake(0, 2, 0.45)]
    predictions = build_predictions(np.array([true for true, _ in images]), np.stack([row for _, row in images]))
    assert list_mistakes(predictions).tolist() == [*range(NUM_MISTAKES), 40, 41]


def test_of_very_many_missed_melanomas_the_most_confident_are_listed() -> None:
    images = [mistake(0, 1, 0.4 + 0.005 * n) for n in range(NUM_MISSED + 20)]
    predictions = build_predictions(np.zeros(len(images), dtype=int), np.stack([row for _, row in images]))
    assert list_mistakes(predictions).tolist() == list(range(NUM_MISSED + 20))[::-1][:NUM_MISSED]


def test_pictures_and_their_list_have_no_name_of_an_image(tmp_path: Path) -> None:
    images = [mistake(0, 1, 0.8), mistake(1, 1, 0.9), mistake(2, 0, 0.6)]
    predictions = build_predictions(np.array([true for true, _ in images]), np.stack([row for _, row in images]))
    predictions = replace(predictions, images=predictions.images.assign(row=[2, 1, 0]))
    pixels = np.repeat(np.array([10, 20, 30], dtype=np.uint8)[:, None], 4 * 4 * 3, axis=1).reshape(3, 4, 4, 3)
    write_mistakes(tmp_path, predictions, pixels)
    missed, other = read_json(tmp_path / "mistakes.json")
    assert missed == {
        "picture": "mistake_01.png", "row": 2, "true": "melanoma", "predicted": "nevus", "is_missed": True,
        "probability": pytest.approx(0.8), "probability_of_true": pytest.approx(0.1),
    }  # fmt: skip
    assert (other["row"], other["is_missed"]) == (0, False)
    assert np.asarray(Image.open(tmp_path / "mistake_01.png")).max() == 30
    assert "image_" not in (tmp_path / "mistakes.json").read_text()


@pytest.mark.parametrize(
    ("classes", "gravest"),
    [(("nevus", "melanoma"), "melanoma"), (("benign", "malignant"), "malignant"), (("a", "b"), None)],
)
def test_the_gravest_class_is_melanoma_or_malignant(classes: tuple[str, ...], gravest: str | None) -> None:
    assert find_gravest(classes) == gravest
