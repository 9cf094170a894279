"""The misclassified images that are called a wrong class with the highest probability."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lesions.formats.json_file import write_json
from lesions.tables.predictions import Predictions

NUM_MISTAKES = 12
"""Number of mistakes whose pictures are saved."""


def write_mistakes(folder: Path, predictions: Predictions, pixels: NDArray[np.uint8]) -> None:
    """Write the pictures of the most confident mistakes, and a list of them.

    The list identifies them by the column `row` of `data/metadata.csv`, because an `image_id` may contain the name of
    a patient.

    Parameters
    ----------
    pixels : (N, H, W, 3) uint8
        All decoded images, by `row`.
    """
    confidence = predictions.confidence
    wrong = np.flatnonzero(predictions.y_pred != predictions.y_true)
    listed = []
    for rank, index in enumerate(wrong[np.argsort(-confidence[wrong], kind="stable")][:NUM_MISTAKES], start=1):
        row = int(predictions.images.row.iloc[index])
        picture = f"mistake_{rank:02d}.png"
        Image.fromarray(pixels[row]).save(folder / picture)
        listed.append(
            {
                "picture": picture,
                "row": row,
                "true": predictions.classes[predictions.y_true[index]],
                "predicted": predictions.classes[predictions.y_pred[index]],
                "probability": float(confidence[index]),
            }
        )
    write_json(folder / "mistakes.json", listed)
