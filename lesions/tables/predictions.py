"""Prediction tables: `image_id, group_id, split, y_true, y_pred, logit_<class>…, prob_<class>…`.

Tables of raw logits have no `y_pred` and no probabilities, and hold some training images too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from lesions.errors import InputError
from lesions.tables.csv_table import write_table
from lesions.tables.prediction_columns import (
    IDENTIFIERS,
    check_probabilities,
    list_classes,
    read_columns,
    refuse_first,
)
from lesions.tables.splits import EXTERNAL, SPLITS


@dataclass(frozen=True)
class Predictions:
    """The predictions of a model for the images of one or more splits.

    Attributes
    ----------
    images : (N, ...) table
        image_id, group_id, split, and possibly metadata.
    classes
        The classes, in the order of the logits.
    y_true : (N,) int
    logits : (N, K) float
        Calibrated logits, whose softmax is the probability.
    called : (N,) int or None
        The class that each image is called, which need not be the most probable one; None if it is.
    """

    images: pd.DataFrame
    classes: tuple[str, ...]
    y_true: NDArray[np.int64]
    logits: NDArray[np.floating]
    called: NDArray[np.int64] | None = None

    @property
    def log_prob(self) -> NDArray[np.float64]:
        """The logarithms of the probabilities, (N, K)."""
        return np.asarray(log_softmax(self.logits.astype(np.float64), axis=1))

    @property
    def y_prob(self) -> NDArray[np.float64]:
        """The probabilities, (N, K)."""
        return np.asarray(softmax(self.logits.astype(np.float64), axis=1))

    @property
    def y_pred(self) -> NDArray[np.int64]:
        """The predicted classes, (N,)."""
        return self.logits.argmax(axis=1) if self.called is None else self.called

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The probability of each image's predicted class, (N,)."""
        return np.asarray(self.y_prob[np.arange(len(self.y_true)), self.y_pred])

    def with_metadata(self, metadata: pd.DataFrame) -> "Predictions":
        """Return the same predictions, with the columns of `data/metadata.csv` added to `images`.

        Raises
        ------
        InputError
            If an image has no row in the metadata.
        """
        unknown = self.images.image_id[~self.images.image_id.isin(metadata.image_id)]
        if len(unknown):
            raise InputError(
                f"image_id {unknown.iloc[0]!r:.80} has a prediction and no row in the metadata; run the stage "
                "predict again"
            )
        images = self.images.merge(metadata, on="image_id", how="left", validate="one_to_one")
        return replace(self, images=images)

    def select(self, split: str) -> "Predictions":
        """Return the predictions for one split."""
        return self.keep((self.images.split == split).to_numpy())

    def keep(self, chosen: NDArray[np.bool_]) -> "Predictions":
        """Return the predictions for the chosen images, a mask (N,)."""
        called = None if self.called is None else self.called[chosen]
        return Predictions(self.images[chosen], self.classes, self.y_true[chosen], self.logits[chosen], called)

    def draw_one_per_group(self, seed: int) -> "Predictions":
        """Return the predictions for one image of each group, drawn at random."""
        order = np.random.default_rng(seed).permutation(len(self.images))
        first = ~self.images.group_id.iloc[order].duplicated().to_numpy()
        chosen = np.zeros(len(order), dtype=bool)
        chosen[order[first]] = True
        return self.keep(chosen)


def concatenate_predictions(parts: Sequence[Predictions]) -> Predictions:
    """Concatenate the predictions of several sets of images, in the order of the parts."""
    return Predictions(
        pd.concat([part.images for part in parts], ignore_index=True),
        parts[0].classes,
        np.concatenate([part.y_true for part in parts]),
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.y_pred for part in parts]),
    )


def write_logits(path: Path, predictions: Predictions) -> None:
    """Write `data/logits/<model>.csv`, sorted by image_id: raw logits, with all digits of each float32."""
    table = _identify_rows(predictions)
    table[_name_columns("logit", predictions)] = predictions.logits
    write_table(path, table, sort_by="image_id", float_format="%.9g")


def read_logits(path: Path) -> Predictions:
    """Read `data/logits/<model>.csv`; logits (N, K) float32.

    Raises
    ------
    InputError
        As `read_predictions`, and if there is no image of one of the three splits.
    """
    predictions = read_predictions(path)
    missing = sorted({*SPLITS} - {*predictions.images.split})
    if missing:
        raise InputError(f"{path}: has no image of the split {missing[0]}; run the stage predict again")
    return replace(predictions, logits=predictions.logits.astype(np.float32))


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write `data/predictions/<model>.csv`, sorted by image_id."""
    table = _identify_rows(predictions)
    table["y_pred"] = np.array(predictions.classes)[predictions.y_pred]
    for prefix, values in (("logit", predictions.logits), ("prob", predictions.y_prob)):
        table[_name_columns(prefix, predictions)] = values
    write_table(path, table, sort_by="image_id")


def _identify_rows(predictions: Predictions) -> pd.DataFrame:
    """Return the images' identifiers and true classes."""
    table = predictions.images[IDENTIFIERS].reset_index(drop=True)
    return table.assign(y_true=np.array(predictions.classes)[predictions.y_true])


def _name_columns(prefix: str, predictions: Predictions) -> list[str]:
    return [f"{prefix}_{name}" for name in predictions.classes]


def read_predictions(path: Path) -> Predictions:
    """Read `data/predictions/<model>.csv`; probabilities are recomputed from the logits.

    Raises
    ------
    InputError
        If the file is missing or no such table; if a true or a predicted class has no column of logits, an image is
        there twice, or a logit is not a finite number; if a probability is not what the logits say. The message names
        the line.
    """
    table = read_columns(path)
    logits = table.filter(regex="^logit_")
    classes = list_classes(table)
    for column in logits.columns.astype(str):
        # A column with a cell that is no number is read as text.
        numbers = pd.to_numeric(logits[column], errors="coerce").to_numpy()
        refuse_first(path, table, ~np.isfinite(numbers), column, "expected a finite number")
    named = [column for column in ("y_true", "y_pred") if column in table]
    codes = table[named].apply(lambda names: names.map({name: code for code, name in enumerate(classes)}))
    for column in named:
        refuse_first(path, table, codes[column].isna().to_numpy(), column, "no column has its logit")
    known = table.split.isin([*SPLITS, EXTERNAL]).to_numpy()
    refuse_first(path, table, ~known, "split", f"expected one of {', '.join([*SPLITS, EXTERNAL])}")
    refuse_first(path, table, table.image_id.duplicated().to_numpy(), "image_id", "is there twice")
    y_true, *called = (codes[column].to_numpy().astype(np.int64) for column in named)
    predictions = Predictions(table[IDENTIFIERS], classes, y_true, logits.to_numpy(), *called)
    check_probabilities(path, table, predictions.y_prob)
    return predictions
