"""Labels are ranked by their margin, and folds of other data are refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.evaluation.doubts import COLUMNS, count_pairs, match_images, rank_doubts, recalibrate
from lesions.tables.predictions import Predictions

CLASSES = ("melanoma", "nevus", "vascular_lesion")
FILE = Path("data/folds/resnet18.csv")


def build_predictions(prob: list[list[float]], labels: list[int]) -> Predictions:
    N = len(labels)
    images = pd.DataFrame(
        {
            "image_id": [f"image_{n}" for n in range(N)],
            "row": np.arange(N) + 10,
            "group_id": [f"g{n}" for n in range(N)],
            "split": "train",
            "diagnosis": [CLASSES[label] for label in labels],
            "label": labels,
        }
    )
    return Predictions(images, CLASSES, np.array(labels), np.log(prob))


def test_the_label_with_the_lowest_margin_comes_first() -> None:
    prob = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.1, 0.6], [0.5, 0.4, 0.1]]
    ranked = rank_doubts(build_predictions(prob, [0, 0, 2, 1]))
    assert list(ranked) == COLUMNS
    assert ranked.row.tolist() == [11, 13, 12, 10]
    # (p(label) − p(most probable other) + 1) / 2
    assert ranked.score.tolist() == pytest.approx([(0.1 - 0.8 + 1) / 2, 0.45, 0.65, 0.75])
    assert ranked.label.tolist() == ["melanoma", "nevus", "vascular_lesion", "melanoma"]
    assert ranked.looks_like.tolist() == ["nevus", "melanoma", "melanoma", "nevus"]
    assert ranked.prob_label.tolist() == pytest.approx([0.1, 0.4, 0.6, 0.7])
    assert ranked.prob_looks_like.tolist() == pytest.approx([0.8, 0.5, 0.3, 0.2])


def test_what_is_doubted_heads_the_list_and_nothing_is_where_all_agree() -> None:
    sure, wrong = [0.96, 0.02, 0.02], [0.02, 0.96, 0.02]
    # Two of ten melanomas look as surely like a nevus as the ten nevi do.
    mixed = build_predictions([sure] * 8 + [wrong] * 12, [0] * 10 + [1] * 10)
    ranked = rank_doubts(mixed)
    assert ranked.is_doubted.tolist() == [True] * 2 + [False] * 18
    assert ranked.row[:2].tolist() == [18, 19]
    assert not rank_doubts(build_predictions([sure] * 10 + [wrong] * 10, [0] * 10 + [1] * 10)).is_doubted.any()


def test_an_image_that_looks_a_little_more_like_another_class_is_not_doubted() -> None:
    sure, unsure, wrong = [0.96, 0.02, 0.02], [0.45, 0.53, 0.02], [0.02, 0.96, 0.02]
    # Confident learning asks that a nevus looks at least as much like one as nevi do on average, which is 0.96.
    ranked = rank_doubts(build_predictions([sure] * 8 + [unsure] + [wrong] * 11, [0] * 10 + [1] * 10))
    assert ranked.row[:2].tolist() == [19, 18]
    assert ranked.is_doubted.tolist() == [True] + [False] * 19


def test_a_class_that_a_fold_did_not_know_has_no_probability() -> None:
    predictions = build_predictions([[0.5, 0.4, 0.1], [0.3, 0.6, 0.1], [0.6, 0.3, 0.1]], [0, 1, 0])
    predictions.logits[:, 2] = -np.inf
    ranked = rank_doubts(predictions)
    assert ranked.prob_looks_like.max() < 1
    assert "vascular_lesion" not in set(ranked.looks_like)


def test_pairs_are_counted_from_the_most_frequent_on() -> None:
    doubted = pd.DataFrame({"label": ["a", "b", "b", "a"], "looks_like": ["b", "a", "a", "c"]})
    assert count_pairs(doubted) == [("b", "a", 2), ("a", "b", 1), ("a", "c", 1)]


def draw_logits(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.random.default_rng(0).normal(size=(len(labels), 3)) + 2 * np.eye(3)[labels])


def test_recalibration_undoes_a_loss_that_weighs_classes_alike() -> None:
    labels = np.repeat([0, 1, 2], [60, 500, 40])
    predictions = replace(build_predictions([[1 / 3] * 3] * 600, labels.tolist()), logits=draw_logits(labels))
    before, after = predictions.y_prob, recalibrate(predictions).y_prob
    assert before.mean(axis=0)[1] < 0.7
    assert after.mean(axis=0) == pytest.approx([0.1, 500 / 600, 40 / 600], abs=0.005)


def test_folds_of_the_present_data_get_the_present_rows() -> None:
    present = build_predictions([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], [0, 1])
    read = replace(present, images=present.images[["image_id", "group_id"]].assign(split="test"))
    backwards = read.keep(np.array([True, True]))
    backwards = replace(backwards, images=backwards.images[::-1].reset_index(drop=True), y_true=np.array([1, 0]))
    matched = match_images(backwards, present.images, CLASSES, FILE)
    assert matched.images.row.tolist() == [11, 10]
    assert matched.images.split.tolist() == ["train", "train"]


@pytest.mark.parametrize(
    ("column", "values", "problem"),
    [
        ("group_id", ["g0", "g9", "g2"], "1 images of another group"),
        ("label", [0, 2, 2], "2 images with another label"),
        ("image_id", ["image_0", "image_1", "new"], "1 images that it does not predict, 1 images that are not in"),
    ],
)
def test_folds_of_other_data_are_refused(column: str, values: list[str], problem: str) -> None:
    predictions = build_predictions([[0.7, 0.2, 0.1]] * 3, [0, 1, 0])
    with pytest.raises(InputError, match=f"{FILE} is not of the present data: {problem}.*`lesions folds`, or remove"):
        match_images(predictions, predictions.images.assign(**{column: values}), CLASSES, FILE)


def test_folds_of_other_classes_are_refused() -> None:
    predictions = build_predictions([[0.7, 0.2, 0.1]], [0])
    with pytest.raises(
        InputError, match="predicts the classes melanoma, nevus, vascular_lesion; the data have benign"
    ):
        match_images(predictions, predictions.images, ("benign", "malignant"), FILE)
