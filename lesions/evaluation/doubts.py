"""Ranking images by how much out-of-fold predictions doubt their label: confident learning.

C. G. Northcutt, L. Jiang and I. L. Chuang, Confident learning: estimating uncertainty in dataset labels, Journal of
Artificial Intelligence Research 70 (2021).
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from lesions.errors import InputError
from lesions.evaluation.calibration import fit_calibration
from lesions.tables.csv_table import write_table
from lesions.tables.predictions import Predictions

COLUMNS = [
    "image_id",
    "row",
    "group_id",
    "split",
    "diagnosis",
    "label",
    "looks_like",
    "prob_label",
    "prob_looks_like",
    "score",
    "is_doubted",
]
"""The columns of `data/doubts/doubts.csv`. `row` is the image's row in `data/images.npy`, `label` the class of its
`diagnosis`, `looks_like` the most probable other class. The score is low where the label is doubted most."""

MEND = (
    "run the folds again and pool them with `lesions folds`, or remove {source}, so that a regression on frozen "
    "features predicts instead"
)


def rank_doubts(predictions: Predictions) -> pd.DataFrame:
    """Rank images by the normalised margin of their label: the score is (p(label) − p(most probable other) + 1) / 2.

    Parameters
    ----------
    predictions
        Of N images, each by a model that saw no image of its group; `images` has `row` and `diagnosis`.

    Returns
    -------
    table
        N rows with `COLUMNS`, the most doubted label first. The number of wrong labels is estimated by confident
        learning; so many of the first images are doubted.
    """
    label, prob, names = predictions.y_true, predictions.y_prob, np.array(predictions.classes)
    rows = np.arange(len(label))
    others = prob.copy()
    others[rows, label] = -1
    other = others.argmax(axis=1)
    table = predictions.images[["image_id", "row", "group_id", "split", "diagnosis"]].reset_index(drop=True)
    table = table.assign(
        label=names[label],
        looks_like=names[other],
        prob_label=prob[rows, label],
        prob_looks_like=prob[rows, other],
        score=get_label_quality_scores(label, prob, method="normalized_margin"),
    )
    num_doubted = find_label_issues(label, prob, filter_by="low_normalized_margin", n_jobs=1).sum()
    ranked = table.sort_values(["score", "image_id"], ignore_index=True)
    return ranked.assign(is_doubted=ranked.index < num_doubted)[COLUMNS]


def write_doubts(path: Path, ranked: pd.DataFrame) -> None:
    """Write `data/doubts/doubts.csv`, the most doubted label first."""
    write_table(path, ranked.assign(rank=ranked.index + 1)[["rank", *ranked]], sort_by="rank")


def count_pairs(doubted: pd.DataFrame) -> list[tuple[str, str, int]]:
    """Return each pair of `label` and `looks_like` with its number of images, the most frequent pair first."""
    pairs = Counter(zip(doubted.label, doubted.looks_like, strict=True))
    return [(label, other, number) for (label, other), number in pairs.most_common()]


def match_images(
    predictions: Predictions, images: pd.DataFrame, classes: tuple[str, ...], source: Path
) -> Predictions:
    """Return predictions with the rows of the present images; refuse those of other images, groups or labels.

    Parameters
    ----------
    predictions
        As read from a file.
    images : (N, ...) table
        All present images to predict, with `image_id`, `group_id` and `label`, the class as a number.
    classes
        The present classes.
    source
        The file of the predictions, for messages.

    Raises
    ------
    InputError
        The message says how many images differ in what.
    """
    if predictions.classes != classes:
        raise InputError(
            f"{source} predicts the classes {', '.join(predictions.classes)}; the data have {', '.join(classes)}; "
            f"{MEND.format(source=source)}"
        )
    then = predictions.images[["image_id", "group_id"]].assign(label=predictions.y_true)
    both = then.merge(images, on="image_id", suffixes=("_then", ""), validate="one_to_one")
    differences = {
        "that it does not predict": len(images) - len(both),
        "that are not in train, val or test": len(then) - len(both),
        "of another group": int((both.group_id != both.group_id_then).sum()),
        "with another label": int((both.label != both.label_then).sum()),
    }
    found = [f"{number:,} images {what}" for what, number in differences.items() if number]
    if found:
        raise InputError(f"{source} is not of the present data: {', '.join(found)}; {MEND.format(source=source)}")
    return replace(predictions, images=both)


def recalibrate(predictions: Predictions) -> Predictions:
    """Fit a scale and a shift per class to the labels of all images.

    A network whose loss weighs the classes alike finds rare classes too probable, and would doubt most common labels.
    Each fold also has a calibration of its own.
    """
    scale, shift = fit_calibration(predictions.logits, predictions.y_true, "vector")
    return replace(predictions, logits=predictions.logits * scale + shift)
