"""Scores on other datasets and on the own test images are over the same classes."""

import numpy as np
import pandas as pd
import pytest

from lesions.evaluation.external import score_external
from lesions.tables.predictions import Predictions

CLASSES = ("a", "b", "c")


def build(y_true: list[int], y_pred: list[int], source: str) -> Predictions:
    ids = [f"{source}/{n}" for n in range(len(y_true))]
    images = pd.DataFrame({"image_id": ids, "group_id": ids, "split": "test", "source": source})
    return Predictions(images, CLASSES, np.array(y_true), 4.0 * np.eye(3)[y_pred])


def test_classes_that_one_side_lacks_are_omitted_from_both_scores() -> None:
    """The other dataset has no class c, so the own images of c, all wrong, do not count."""
    own = build([0] * 10 + [1] * 10 + [2] * 10, [0] * 10 + [1] * 10 + [0] * 10, "own")
    other = build([0] * 10 + [1] * 10, [0] * 8 + [2] * 2 + [1] * 4 + [0] * 6, "other")
    scores = score_external(own, other)
    assert list(scores) == ["other"]
    assert (scores["other"]["num_images"], scores["other"]["num_classes"]) == (20, 2)
    assert scores["other"]["own_balanced_accuracy"] == 1
    assert scores["other"]["balanced_accuracy"] == pytest.approx((0.8 + 0.4) / 2)
    assert scores["other"]["balanced_accuracy_lost"] == pytest.approx(0.4)
    # All own images are right, so the difference is as uncertain as the score of the other dataset.
    error = np.sqrt((0.8 * 0.2 + 0.4 * 0.6) / 10) / 2
    reach = scores["other"]["balanced_accuracy_lost_high"] - 0.4
    assert reach == pytest.approx(2.1 * error, rel=0.12)


def test_the_uncertainty_of_both_sides_adds_up() -> None:
    generator = np.random.default_rng(0)
    truth = np.repeat([0, 1], 200)
    guess = np.where(generator.random(400) < 0.8, truth, 1 - truth)
    own, other = (build(truth.tolist(), guess.tolist(), name) for name in ("own", "other"))
    scores = score_external(own, other)["other"]
    score_reach = (scores["balanced_accuracy_high"] - scores["balanced_accuracy_low"]) / 2
    lost_reach = (scores["balanced_accuracy_lost_high"] - scores["balanced_accuracy_lost_low"]) / 2
    assert scores["balanced_accuracy_lost"] == 0
    assert lost_reach == pytest.approx(np.sqrt(2) * score_reach, rel=0.08)


def test_each_dataset_is_scored_separately_and_one_without_two_shared_classes_is_not_scored() -> None:
    own = build([0, 1] * 20, [0, 1] * 20, "own")
    others = [build([0, 1] * 10, [0, 0] * 10, "x"), build([1] * 20, [1] * 20, "y"), build([2] * 20, [2] * 20, "z")]
    together = Predictions(
        pd.concat([one.images for one in others], ignore_index=True),
        CLASSES,
        np.concatenate([one.y_true for one in others]),
        np.concatenate([one.logits for one in others]),
    )
    scores = score_external(own, together)
    assert list(scores) == ["x"]
    assert scores["x"]["balanced_accuracy"] == 0.5


def test_another_mix_of_diagnoses_is_no_loss() -> None:
    """Each class is right as often on both datasets, and only the mix differs: macro F1 would lose 0.13."""

    def build_mix(sizes: tuple[int, ...], source: str) -> Predictions:
        """Of each class, 80 % are right, and the others are called the next class."""
        truth = np.repeat([0, 1, 2], sizes)
        place = np.concatenate([np.arange(size) / size for size in sizes])
        return build(truth.tolist(), np.where(place < 0.8, truth, (truth + 1) % 3).tolist(), source)

    home, away = build_mix((100, 100, 100), "own"), build_mix((20, 200, 20), "other")
    scores = score_external(home, away)["other"]
    assert scores["balanced_accuracy_lost"] == pytest.approx(0)
    assert not [name for name in scores if "f1" in name or "precision" in name]


def test_a_loss_between_two_perfect_scores_is_not_certain() -> None:
    """Ten of ten of each class: each score reaches down by 0.31 / √2, and the loss as far to either side."""
    own, other = (build([0] * 10 + [1] * 10, [0] * 10 + [1] * 10, name) for name in ("own", "other"))
    scores = score_external(own, other)["other"]
    reach = (1 - 0.025 ** (1 / 10)) / np.sqrt(2)
    assert (scores["balanced_accuracy_lost_low"], scores["balanced_accuracy_lost_high"]) == pytest.approx(
        (-reach, reach)
    )
