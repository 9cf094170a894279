"""Sentences under the pictures, worked by hand."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lesions.report import sentences
from lesions.report.inputs import CopyCounts, Generalisation, Mistake, SplitSummary, TrainSummary
from lesions.tables.predictions import Predictions
from tests.runs import COPIES, SPLIT, build_predictions

Y_TRUE = np.array([0, 0, 1, 1, 1, 1, 2, 2, 2, 2])


def predicting(y_pred: list[int]) -> Predictions:
    """Predictions of melanoma (2 images), nevus (4) and vascular lesion (4)."""
    return build_predictions(Y_TRUE, np.eye(3)[y_pred])


def test_class_balance() -> None:
    shares = [
        {"diagnosis": "nevus", "num_images": 60},
        {"diagnosis": "nevus", "num_images": 20},
        {"diagnosis": "basal_cell_carcinoma", "num_images": 20},
    ]
    assert sentences.describe_class_balance(shares) == (
        "Nevus is 80.0% of the images and basal cell carcinoma 20.0%: one image for every 4."
    )


@pytest.mark.parametrize(
    ("grouped_by", "words"),
    [
        ("patient_id and lesion_id", "No patient and no lesion that the data name is on two sides of the split"),
        ("lesion_id", "No lesion that the data name is on two sides of the split"),
        ("", "No image is on two sides of the split"),
    ],
)
def test_split(grouped_by: str, words: str) -> None:
    def describe(**changes: Any) -> str:
        leak = {"all": 0.38, "nevus": 0.3, "melanoma": 0.512}
        of_all = {"grouped_by": grouped_by, "worst_share_deviation": 0.0126, "image_wise_leaked_test_share": leak}
        return sentences.describe_split(SplitSummary(**SPLIT | of_all | changes))

    prevented = (
        "Split image by image, 38.0% of the test images would have a sibling in training, an image of the same "
        "patient or lesion; of melanoma 51.2%."
    )
    shares = "The share of a diagnosis is at most 0.013 from the one asked for."
    assert describe() == f"{words}. {prevented} Here none has. {shares}"
    assert describe(tested_by="list", num_siblings_of_listed_dropped=12) == (
        "The test images are those that a published list names. "
        "12 others of their patients or lesions were left out. "
        f"{words}. {prevented.replace('Split image by image', 'By the list alone')} Here none has. {shares}"
    )
    fold = describe(tested_by="fold")
    assert fold.startswith("The test images are one fold of several; each image is tested by one of them. No ")
    assert describe(leaked_test_share=0.4) == (
        f"40.0% of the test images have a sibling in training. {prevented} {shares}"
    )


@pytest.mark.parametrize(
    ("trained", "words"),
    [
        (
            TrainSummary(best_epoch=1, num_epochs=2, num_parameters=9),
            "net was kept as it was after epoch 1 of 2, at a macro F1 of 0.200 on validation and 0.300 on augmented "
            "training images.",
        ),
        (
            TrainSummary(best_epoch=2, num_epochs=2, num_parameters=9),
            "net was kept as it was after epoch 2 of 2, at a macro F1 of 0.400 on validation and 0.500 on augmented "
            "training images. The last epoch was the best: a longer schedule may do better.",
        ),
    ],
)
def test_training(trained: TrainSummary, words: str) -> None:
    history = [
        {"epoch": epoch, "split": split, "macro_f1": 0.2 * epoch + (0.1 if split == "train" else 0)}
        for epoch in (1, 2)
        for split in ("train", "val")
    ]
    assert sentences.describe_training("net", history, trained) == words


def test_the_most_frequent_confusion() -> None:
    found = sentences.describe_confusion("net", predicting([0, 1, 1, 1, 2, 2, 1, 2, 2, 2]))
    assert found == (
        "net is wrong on 4 of 10 test images, most often by taking nevus for vascular lesion: 2 of 4. "
        "The shade is the part of the true diagnosis."
    )
    assert sentences.describe_confusion("net", predicting(Y_TRUE.tolist())) == "net is right on all 10 test images."


def test_of_equally_frequent_confusions_the_one_that_takes_more_of_its_diagnosis() -> None:
    found = sentences.describe_confusion("net", predicting([1, 0, 0, 1, 1, 1, 2, 2, 2, 2]))
    assert "by taking melanoma for nevus: 1 of 2." in found


def test_the_hardest_and_the_easiest_diagnosis_of_the_best_model_on_each() -> None:
    models = {
        # Melanoma: recall 1/2, precision 1; nevus: all 4 found among 5; vascular lesion: all.
        "a": predicting([0, 1, 1, 1, 1, 1, 2, 2, 2, 2]),
        # Never melanoma.
        "b": predicting([1, 1, 1, 1, 1, 1, 2, 2, 2, 2]),
    }
    assert sentences.describe_f1(models) == (
        "The hardest is melanoma (2 test images): no trained model has an F1 above 0.667. "
        "The easiest is vascular lesion, with up to 1.000."
    )


def test_the_smallest_area() -> None:
    found = sentences.describe_ranking({"a": predicting([0, 1, 1, 1, 1, 1, 2, 2, 2, 2])}, "area", roc_auc_score)
    # One of two melanomas is ranked with the 8 others: a half and a quarter of the pairs are in order.
    assert found == "The smallest area is a's for melanoma (0.750)."


def test_mistakes() -> None:
    listed = [
        Mistake(picture="a.png", row=1, true="nevus", predicted="melanoma", probability=probability)
        for probability in (0.97, 0.625)
    ]
    assert sentences.describe_mistakes("net", listed).startswith(
        "The mistakes of which net is surest, from 0.97 down to 0.62."
    )
    assert sentences.describe_mistakes("net", []) == "net makes no mistake on the test images."


def test_copies() -> None:
    def describe(counts: dict[str, int], **changes: float) -> str:
        return sentences.describe_copies(CopyCounts(**COPIES | counts), SplitSummary(**SPLIT | changes))

    counts = {"num_exact_pairs": 3, "num_near_pairs": 1200, "num_pairs_without_shared_identifier": 5}
    found = (
        "Pairs of files with the same bytes: 3. Pairs that show the same picture altered: 1,200. "
        "Of these, 5 have no common patient or lesion that the data name."
    )
    together = " No pair is on two sides of the split."
    assert describe(counts) == found + together
    assert describe(counts, leaked_test_share=0.3) == found
    assert describe(counts, num_conflicting_images_dropped=4) == (
        f"{found}{together} 4 images with a copy of another diagnosis were left out."
    )
    assert describe({}) == "No two images are copies of each other, of the same bytes or altered."


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (0.95, "It knows its training images better than others, by 0.250: it overfits."),
        (0.75, "It hardly knows its training images better than others: it does not overfit."),
    ],
)
def test_how_well_a_model_generalises(train: float, words: str) -> None:
    scores = Generalisation(train_balanced_accuracy=train, val_balanced_accuracy=0.7, test_balanced_accuracy=0.72)
    start = f"net has a balanced accuracy of {train:.3f} on training, 0.700 on validation, 0.720 on test."
    assert sentences.describe_generalisation("net", scores) == f"{start} {words}"
