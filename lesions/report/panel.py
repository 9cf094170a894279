"""What the page needs to move the threshold for malignancy: probabilities by class, without any image's name."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lesions.drawing.style import spell
from lesions.evaluation.decisions import merge_sides
from lesions.evaluation.operating_point import MALIGNANT
from lesions.report.decision_inputs import MalignancyScores
from lesions.tables.predictions import Predictions

PARTS = 1_000_000
"""Parts into which probabilities are counted."""


def build_panel(
    models: Mapping[str, tuple[Predictions, MalignancyScores]],
    sides: Sequence[bool | None],
    prevalences: Sequence[float],
) -> dict[str, Any]:
    """Return the probabilities of malignancy of the test images by model and class, sorted, in millionths.

    At the chosen threshold, they call exactly those images malignant that the model calls so.

    Parameters
    ----------
    models
        By name, the predictions of the test images, and the threshold with its scores.
    sides
        Whether each class is malignant; None if it is neither.
    prevalences
        The shares of malignant images at which PPV is stated.
    """
    classes = next(iter(models.values()))[0].classes
    counted = [code for code, side in enumerate(sides) if side is not None]
    return {
        "parts": PARTS,
        "prevalences": list(prevalences),
        "classes": [{"name": spell(classes[code]), "malignant": sides[code]} for code in counted],
        "models": [
            {
                "name": name,
                "threshold": int(scores.threshold * PARTS),
                "values": _list_probabilities(predictions, sides, counted, scores.threshold),
            }
            for name, (predictions, scores) in models.items()
        ],
    }


def count_called(panel: Mapping[str, Any], class_name: str) -> dict[str, str]:
    """Say of each model of the panel how many images of a class it calls malignant at its threshold.

    Parameters
    ----------
    class_name
        In words; classes that are not in the panel have no sentence.
    """
    names = [one["name"] for one in panel["classes"]]
    if class_name not in names:
        return {}
    found = {}
    for model in panel["models"]:
        values = model["values"][names.index(class_name)]
        called = sum(value >= model["threshold"] for value in values)
        found[model["name"]] = (
            f"At the threshold for malignancy, {called:,} of the {len(values):,} are called malignant."
        )
    return found


def _list_probabilities(
    predictions: Predictions, sides: Sequence[bool | None], counted: Sequence[int], threshold: float
) -> list[list[int]]:
    probability = merge_sides(predictions, sides).y_prob[:, MALIGNANT]
    millionths, least = (probability * PARTS).astype(int), int(threshold * PARTS)
    # Where the threshold lies between two millionths, rounding must move no image over it.
    millionths = np.where(probability >= threshold, millionths.clip(least), millionths.clip(None, least - 1))
    has_side = np.array([side is not None for side in sides])[predictions.y_true]
    y_true = predictions.y_true[has_side]
    return [np.sort(millionths[y_true == code]).tolist() for code in counted]
