"""The caption below curves names diagnoses whose curves are drawn, and no other."""

import re
from base64 import b64decode

import numpy as np

from lesions.evaluation.curves import build_precision_recall_rows, build_roc_rows
from lesions.report.gallery import build_curve_pictures
from lesions.report.inputs import OverviewRows
from lesions.report.pictures import choose_styles
from lesions.tables.predictions import Predictions
from tests.runs import build_predictions, guess


def draw(classes: tuple[str, ...], y_true: np.ndarray) -> list[tuple[set[str], str]]:
    """Return the titles and the caption of each picture of curves."""
    found = build_predictions(y_true, guess(y_true, 1))
    logits = found.logits[:, : len(classes)]
    predictions = Predictions(found.images, classes, y_true, logits)
    roc, precision_recall = (
        [{"model": "a", **row} for row in build(predictions)]
        for build in (build_roc_rows, build_precision_recall_rows)
    )
    rows = OverviewRows(f1=[], roc=roc, precision_recall=precision_recall, shares=[])
    return [
        (
            {name for name in classes if f">{name}<" in b64decode(picture.source.partition(",")[2]).decode()},
            picture.sentence,
        )
        for picture in build_curve_pictures({"a": predictions}, rows, choose_styles(["a"]))
    ]


def test_of_two_classes_one_roc_curve_is_drawn_and_both_of_precision() -> None:
    y_true = np.arange(60) % 2
    roc, precision = draw(("nevus", "melanoma"), y_true)
    assert roc[0] == {"melanoma"}
    assert re.fullmatch(r"The area under the ROC curve of melanoma is 0\.\d{3} for a\.", roc[1])
    assert precision[0] == {"nevus", "melanoma"}
    assert precision[1].startswith("The diagnosis with the smallest average precision is")


def test_of_three_classes_of_which_two_are_tested_both_are_drawn() -> None:
    for names, sentence in draw(("melanoma", "nevus", "wart"), np.arange(60) % 2):
        assert names == {"melanoma", "nevus"}
        assert sentence.startswith("The diagnosis with the smallest a")
