"""The misclassified images that are called a wrong class with the highest probability, and the missed melanomas."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lesions.formats.json_file import write_json
from lesions.images.shards import Images
from lesions.tables.predictions import Predictions

NUM_MISTAKES = 24
"""Number of mistakes whose pictures are saved."""

NUM_MISSED = 48
"""Most missed images of the gravest class whose pictures are saved."""

NUM_FOUND = 24
"""Most found images of the gravest class whose pictures are saved."""

GRAVEST = ("melanoma", "malignant")
"""The classes whose missed images are all of interest; the first that a task has."""


def find_gravest(classes: Sequence[str]) -> str | None:
    """Return the class whose missed images are all of interest; None if the task has none."""
    return next((name for name in GRAVEST if name in classes), None)


def list_mistakes(predictions: Predictions) -> NDArray[np.int64]:
    """Return the mistakes whose pictures are saved, as indices of images: the most confident first."""
    wrong = np.flatnonzero(predictions.y_pred != predictions.y_true)
    ranked = wrong[np.argsort(-predictions.confidence[wrong], kind="stable")]
    gravest = find_gravest(predictions.classes)
    missed = [index for index in ranked if predictions.classes[predictions.y_true[index]] == gravest]
    kept = {*ranked[:NUM_MISTAKES], *missed[:NUM_MISSED]}
    return np.array([index for index in ranked if index in kept], dtype=np.int64)


def list_found(predictions: Predictions) -> NDArray[np.int64]:
    """Return some images that are rightly called the gravest class, from the surest to the least sure."""
    is_gravest = np.array(predictions.classes)[predictions.y_true] == find_gravest(predictions.classes)
    found = np.flatnonzero(is_gravest & (predictions.y_pred == predictions.y_true))
    ranked = found[np.argsort(-predictions.confidence[found], kind="stable")]
    kept = np.linspace(0, len(ranked) - 1, min(NUM_FOUND, len(ranked))).round().astype(np.int64)
    return np.asarray(ranked[kept])


def write_mistakes(folder: Path, predictions: Predictions, pixels: Images) -> None:
    """Write the pictures of the most confident mistakes and of the missed melanomas, and a list of them.

    The list identifies them by the column `row` of `data/metadata.csv`, because an `image_id` may contain the name of
    a patient.

    Parameters
    ----------
    pixels : (N, H, W, 3) uint8
        All decoded images, by `row`.
    """
    y_prob, confidence = predictions.y_prob, predictions.confidence
    gravest = find_gravest(predictions.classes)
    listed = []
    for rank, index in enumerate(list_mistakes(predictions), start=1):
        row, true = int(predictions.images.row.iloc[index]), int(predictions.y_true[index])
        picture = f"mistake_{rank:02d}.png"
        Image.fromarray(pixels[row]).save(folder / picture)
        listed.append(
            {
                "picture": picture,
                "row": row,
                "true": predictions.classes[true],
                "predicted": predictions.classes[predictions.y_pred[index]],
                "probability": float(confidence[index]),
                "probability_of_true": float(y_prob[index, true]),
                "is_missed": predictions.classes[true] == gravest,
            }
        )
    write_json(folder / "mistakes.json", listed)
