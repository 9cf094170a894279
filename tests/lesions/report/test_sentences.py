"""The sentences below the plots agree with values worked by hand."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lesions.report import sentences
from lesions.report.inputs import CopyCounts, Generalisation, Mistake, RunCounts, SplitSummary, TrainSummary
from lesions.tables.predictions import Predictions
from tests.runs import COPIES, COUNTS, SPLIT, build_predictions

Y_TRUE = np.array([0, 0, 1, 1, 1, 1, 2, 2, 2, 2])


def predicting(y_pred: list[int]) -> Predictions:
    """Return predictions for images of melanoma (2), nevus (4) and vascular lesion (4)."""
    return build_predictions(Y_TRUE, np.eye(3)[y_pred])


def test_the_class_balance_is_described() -> None:
    shares = [
        {"diagnosis": "nevus", "num_images": 60},
        {"diagnosis": "nevus", "num_images": 20},
        {"diagnosis": "basal_cell_carcinoma", "num_images": 20},
    ]
    assert sentences.describe_class_balance(shares) == (
        "Nevus is 80.0% of the images and basal cell carcinoma 20.0%: a ratio of 4 to 1."
    )


def test_words_that_became_one_diagnosis_are_said() -> None:
    merged = {
        "nevus": {"nv": 10, "mole": 2},
        "benign_keratosis": {"pigmented benign keratosis": 478, "seborrheic keratosis": 80},
    }
    assert sentences.describe_merged(RunCounts(**COUNTS | {"merged_words": merged})) == (
        "Several words of the data are one diagnosis here: seborrheic keratosis 80 + pigmented benign keratosis "
        "478 → benign_keratosis; mole 2 + nv 10 → nevus."
    )
    assert sentences.describe_merged(RunCounts(**COUNTS)) == ""


@pytest.mark.parametrize(
    ("grouped_by", "words"),
    [
        ("patient_id and lesion_id", "No patient and no lesion named in the data is in two splits"),
        ("lesion_id", "No lesion named in the data is in two splits"),
        ("", "No image is in two splits"),
    ],
)
def test_the_split_is_described(grouped_by: str, words: str) -> None:
    def describe(**changes: Any) -> str:
        leak = {"all": 0.38, "nevus": 0.3, "melanoma": 0.512}
        of_all = {"grouped_by": grouped_by, "worst_share_deviation": 0.0126, "image_wise_leaked_test_share": leak}
        return sentences.describe_split(SplitSummary(**SPLIT | of_all | changes))

    prevented = (
        "With a split image by image, 38.0% of the test images would have a sibling in training, that is, an image "
        "of the same patient or lesion; for melanoma, 51.2%."
    )
    shares = "The shares of the diagnoses differ from the requested ones by at most 0.013."
    assert describe() == f"{words}. {prevented} Here none has one. {shares}"
    assert describe(tested_by="list", num_siblings_of_listed_dropped=12) == (
        "The test images are those of a published list. "
        "12 other images of their patients or lesions were left out. "
        f"{words}. {prevented.replace('With a split image by image', 'With the list alone')} "
        f"Here none has one. {shares}"
    )
    fold = describe(tested_by="fold")
    assert fold.startswith("The test images are one of several folds; each image is a test image in one of them. No ")
    assert describe(leaked_test_share=0.4) == (
        f"40.0% of the test images have a sibling in training. {prevented} {shares}"
    )


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
        "2 of 4. The shade is the share of the true diagnosis."
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
    sentence = sentences.describe_ranking({"a": predicting([0, 1, 1, 1, 1, 1, 2, 2, 2, 2])}, "area", roc_auc_score)
    # One of two melanomas ties with the 8 other images: a half and a quarter of the pairs are in order.
    assert sentence == "The diagnosis with the smallest area is melanoma for a (0.750)."


def test_the_most_confident_mistakes_are_described() -> None:
    listed = [
        Mistake(picture="a.png", row=1, true="nevus", predicted="melanoma", probability=probability)
        for probability in (0.97, 0.625)
    ]
    assert sentences.describe_mistakes("net", listed).startswith(
        "The most confident mistakes of net, with probabilities from 0.97 down to 0.62."
    )
    assert sentences.describe_mistakes("net", []) == "net misclassifies no test image."


def test_copies_are_described() -> None:
    def describe(counts: dict[str, int], **changes: float) -> str:
        return sentences.describe_copies(CopyCounts(**COPIES | counts), SplitSummary(**SPLIT | changes))

    counts = {"num_exact_pairs": 3, "num_near_pairs": 1200, "num_pairs_without_shared_identifier": 5}
    pairs = (
        "Pairs of files with identical bytes: 3. Pairs of altered copies: 1,200. "
        "Of all these pairs, 5 have no patient or lesion in common in the data."
    )
    together = " No pair is in two splits."
    assert describe(counts) == pairs + together
    assert describe(counts, leaked_test_share=0.3) == pairs
    assert describe(counts, num_conflicting_images_dropped=4) == (
        f"{pairs}{together} 4 images were left out because a copy has another diagnosis."
    )
    assert describe({}) == "No two images are copies of each other, neither identical nor altered."


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (0.95, "It scores 0.250 higher on training than on validation: it overfits."),
        (0.75, "It scores hardly higher on training than on validation: it does not overfit."),
    ],
)
def test_overfitting_is_described(train: float, words: str) -> None:
    scores = Generalisation(train_balanced_accuracy=train, val_balanced_accuracy=0.7, test_balanced_accuracy=0.72)
    start = f"net has a balanced accuracy of {train:.3f} on training, 0.700 on validation, 0.720 on test."
    assert sentences.describe_generalisation("net", scores) == f"{start} {words}"
