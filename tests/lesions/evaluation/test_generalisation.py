"""What a model loses from training to validation has an interval, and overfitting three answers."""

from dataclasses import replace

import numpy as np
import pytest

from lesions.evaluation.estimation import estimate_metrics
from lesions.evaluation.generalisation import Overfitting, judge_overfitting, score_generalisation
from lesions.evaluation.interval import Estimate, subtract_independent
from lesions.evaluation.scores import score_labels
from lesions.tables.predictions import Predictions
from tests.runs import build_predictions, guess, true_classes


def draw(split: str, num_groups: int, skill: float, seed: int) -> Predictions:
    """Return predictions of a split, two images per group; one group in twenty has the rarest class."""
    generator = np.random.default_rng(seed)
    y_true = generator.choice(3, p=[0.3, 0.65, 0.05], size=num_groups).repeat(2)
    predictions = build_predictions(y_true, guess(y_true, skill, seed))
    named = {"image_id": split + predictions.images.image_id, "group_id": split + predictions.images.group_id}
    return replace(predictions, images=predictions.images.assign(split=split, **named))


def test_the_bounds_of_a_difference_by_hand() -> None:
    """The lower bound is sqrt(0.3² + 0.4²) below the difference, the upper one sqrt(0.05² + 0.12²) above it."""
    lost = subtract_independent(Estimate(0.9, 0.6, 0.95), Estimate(0.5, 0.38, 0.9))
    assert vars(lost) == pytest.approx({"value": 0.4, "low": 0.4 - 0.5, "high": 0.4 + 0.13})


@pytest.mark.parametrize(
    ("lost", "answer"),
    [
        (Estimate(0.3, 0.101, 0.5), "yes"),
        (Estimate(0.3, 0.1, 0.5), "cannot tell"),
        (Estimate(0.0, -0.1, 0.1), "cannot tell"),
        (Estimate(0.0, -0.099, 0.099), "no"),
    ],
)
def test_overfitting_is_judged_by_the_bounds(lost: Estimate, answer: Overfitting) -> None:
    assert judge_overfitting(lost) == answer


def test_scores_losses_and_the_size_of_the_sample_are_listed() -> None:
    y_true = true_classes(60)
    splits = {
        split: build_predictions(y_true[:number], guess(y_true[:number], skill, seed))
        for seed, (split, number, skill) in enumerate([("train", 60, 4), ("val", 48, 1), ("test", 54, 1)])
    }
    scores = score_generalisation(splits["train"], splits["val"], estimate_metrics(splits["test"]))
    assert (scores["num_train_images"], scores["num_train_groups"]) == (60, 30)
    for metric in ("balanced_accuracy", "macro_f1"):
        train, val, test = (score_labels(each.y_true, each.y_pred, 3)[metric] for each in splits.values())
        assert scores[f"train_{metric}"] == pytest.approx(train)
        assert scores[f"{metric}_lost_from_train_to_val"] == pytest.approx(train - val)
        assert scores[f"{metric}_lost_from_val_to_test"] == pytest.approx(val - test)
        low, high = (scores[f"{metric}_lost_from_train_to_val_{bound}"] for bound in ("low", "high"))
        assert low < train - val < high


@pytest.mark.parametrize("skill", [1.0, 3.0])
def test_a_model_that_does_not_overfit_is_hardly_ever_said_to(skill: float) -> None:
    """Training and validation are equally hard. At 5 % each, three of 12 or more have a probability of 2 %."""
    answers = [judge(skill, skill, 70, 3 * number) for number in range(12)]
    assert answers.count("yes") <= 2


def test_a_model_that_has_memorised_its_training_images_overfits() -> None:
    assert judge(9.0, 0.5, 300, 0) == "yes"


def judge(of_train: float, of_others: float, num_groups: int, seed: int) -> Overfitting:
    """Judge a model by the skill that it shows on training images and on others."""
    scores = score_generalisation(
        draw("train", num_groups, of_train, seed), draw("val", num_groups, of_others, seed + 1)
    )
    name = "balanced_accuracy_lost_from_train_to_val"
    return judge_overfitting(Estimate(scores[name], scores[f"{name}_low"], scores[f"{name}_high"]))
