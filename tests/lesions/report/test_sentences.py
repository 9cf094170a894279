"""The sentences below the plots agree with values worked by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lesions.evaluation.interval import Estimate
from lesions.report import sentences
from lesions.report.inputs import Generalisation, Mistake, TrainSummary
from lesions.tables.predictions import Predictions
from tests.runs import build_predictions

Y_TRUE = np.array([0, 0, 1, 1, 1, 1, 2, 2, 2, 2])


def predicting(y_pred: list[int]) -> Predictions:
    """Return predictions for images of melanoma (2), nevus (4) and vascular lesion (4)."""
    return build_predictions(Y_TRUE, np.eye(3)[y_pred])


@pytest.mark.parametrize(
    ("trained", "words"),
    [
        (
            TrainSummary(best_epoch=1, num_epochs=2, num_parameters=9),
            "The weights of net after epoch 1 of 2 were kept, with a macro F1 of 0.200 on validation and 0.300 on "
            "augmented training images.",
        ),
        (
            TrainSummary(best_epoch=2, num_epochs=2, num_parameters=9),
            "The weights of net after epoch 2 of 2 were kept, with a macro F1 of 0.400 on validation and 0.500 on "
            "augmented training images. The last epoch was the best: a longer schedule may be better.",
        ),
    ],
)
def test_the_training_is_described(trained: TrainSummary, words: str) -> None:
    history = [
        {"epoch": epoch, "split": split, "macro_f1": 0.2 * epoch + (0.1 if split == "train" else 0)}
        for epoch in (1, 2)
        for split in ("train", "val")
    ]
    assert sentences.describe_training("net", history, trained) == words


def test_the_most_frequent_confusion_is_named() -> None:
    assert sentences.describe_confusion("net", predicting([0, 1, 1, 1, 2, 2, 1, 2, 2, 2])) == (
        "net misclassifies 4 of 10 test images. The most frequent mistake is nevus misclassified as vascular lesion: "
        "2 of 4. The shade is the share of the true diagnosis. Predicted is what the network calls an image; for 0 "
        "images it is not the most probable diagnosis."
    )
    all_right = sentences.describe_confusion("net", predicting(Y_TRUE.tolist()))
    assert all_right == "net classifies all 10 test images correctly."


def test_of_equally_frequent_confusions_the_one_with_the_larger_share_of_its_diagnosis_is_named() -> None:
    sentence = sentences.describe_confusion("net", predicting([1, 0, 0, 1, 1, 1, 2, 2, 2, 2]))
    assert "is melanoma misclassified as nevus: 1 of 2." in sentence


def test_the_hardest_and_the_easiest_diagnosis_are_those_of_the_best_model_on_each() -> None:
    models = {
        # Melanoma: recall 1/2, precision 1; nevus: recall 1, precision 4/5; vascular lesion: both 1.
        "a": predicting([0, 1, 1, 1, 1, 1, 2, 2, 2, 2]),
        # Never melanoma.
        "b": predicting([1, 1, 1, 1, 1, 1, 2, 2, 2, 2]),
    }
    assert sentences.describe_f1(models) == (
        "The hardest diagnosis is melanoma (2 test images): no trained model has an F1 above 0.667. "
        "The easiest is vascular lesion, with an F1 of up to 1.000."
    )


def test_the_diagnosis_with_the_smallest_area_is_named() -> None:
    models = {"a": predicting([0, 1, 1, 1, 1, 1, 2, 2, 2, 2])}
    sentence = sentences.describe_ranking(models, models["a"].classes, "area", roc_auc_score)
    # One of two melanomas ties with the 8 other images: a half and a quarter of the pairs are in order.
    assert sentence == "The diagnosis with the smallest area is melanoma for a (0.750)."
    one = sentences.describe_ranking(models, ["melanoma"], "area", roc_auc_score)
    assert one == "The area of melanoma is 0.750 for a."


def test_the_most_confident_mistakes_are_described() -> None:
    listed = [
        Mistake(
            picture="a.png",
            row=1,
            true="nevus",
            predicted="melanoma",
            probability=probability,
            probability_of_true=0.01,
            is_missed=False,
        )
        for probability in (0.97, 0.625)
    ]
    assert sentences.describe_mistakes("net", listed).startswith(
        "The most confident other mistakes of net, with probabilities of the class that it calls them from 0.97 down "
        "to 0.62."
    )
    assert sentences.describe_mistakes("net", []) == "net makes no other mistake on a test image."


def generalisation(train: float, lost: tuple[float, float, float], val: float = 0.7) -> Generalisation:
    return Generalisation(
        num_train_images=1200,
        num_train_groups=800,
        train_balanced_accuracy=train,
        val_balanced_accuracy=val,
        test_balanced_accuracy=0.72,
        balanced_accuracy_lost_from_train_to_val=Estimate(*lost),
        balanced_accuracy_lost_from_val_to_test=Estimate(-0.02, -0.1, 0.06),
    )


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ((0.25, 0.101, 0.4), "it loses 0.250 (95 % interval 0.101 to 0.400): it overfits, by more than 0.1."),
        (
            (0.25, 0.1, 0.4),
            "it loses 0.250 (95 % interval 0.100 to 0.400): whether it overfits by more than 0.1, these images "
            "cannot tell.",
        ),
        (
            (0.05, -0.1, 0.1),
            "it loses 0.050 (95 % interval −0.100 to 0.100): whether it overfits by more than 0.1, these images "
            "cannot tell.",
        ),
        (
            (-0.05, -0.15, 0.05),
            "it loses −0.050 (95 % interval −0.150 to 0.050): it does not overfit by more than 0.1.",
        ),
    ],
)
def test_overfitting_has_three_answers(lost: tuple[float, float, float], words: str) -> None:
    assert sentences.describe_generalisation("net", generalisation(0.95, lost), num_classes=2) == (
        "net has a balanced accuracy of 0.950 on training (1,200 images of 800 groups, not augmented), 0.700 on "
        f"validation, 0.720 on test. From training to validation {words} From validation to test it loses −0.020 "
        "(95 % interval −0.100 to 0.060)."
    )


@pytest.mark.parametrize(
    ("train", "num_classes", "has_learnt"),
    [(0.5, 2, False), (0.549, 2, False), (0.551, 2, True), (0.143, 7, False), (0.22, 7, False), (0.24, 7, True)],
)
@pytest.mark.parametrize("val", [0.05, 0.5, 0.9])
def test_a_network_at_chance_on_its_training_images_has_not_learnt_them(
    train: float, num_classes: int, has_learnt: bool, val: float
) -> None:
    """Whatever it scores on validation: no network that has learnt nothing is said to overfit, or not to."""
    scores = generalisation(train, (train - val, 0.11, 0.9), val)
    sentence = sentences.describe_generalisation("net", scores, num_classes=num_classes)
    words = f"Chance is {1 / num_classes:.3f}: it has hardly learnt these training images; train longer, or raise the"
    assert (words in sentence) is not has_learnt
    assert has_learnt or "overfit" not in sentence
