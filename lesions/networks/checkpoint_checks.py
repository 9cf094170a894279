"""Whether a checkpoint belongs to a run: to its model, its data and its classes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.networks.checkpoint import CheckpointMetadata
from lesions.tables.classes import Classes


def check_checkpoint(path: Path, about: CheckpointMetadata, *, model: str, inputs: tuple[Path, ...]) -> None:
    """Check that a checkpoint was trained for this model and on these data.

    If the data differ, test images may have been among its training images.

    Raises
    ------
    InputError
        If the checkpoint was trained for another model or on other data.
    """
    if about.model != model:
        raise InputError(f"{path}: is a checkpoint of {about.model}, expected {model}")
    for source in inputs:
        if about.inputs.get(source.name) != hash_file(source):
            raise InputError(f"{path}: was trained with another {source.name}; run the stage train again")


def check_classes(path: Path, about: CheckpointMetadata, known: Classes) -> None:
    """Raise InputError if a checkpoint does not have the classes of this run, in their order."""
    if (about.classes, about.diagnoses) != (known.classes, known.diagnoses):
        raise InputError(
            f"{path}: has the classes {', '.join(about.classes)}, expected {', '.join(known.classes)} in this order "
            "and of the same diagnoses; run the stage train again"
        )


def check_finite(path: Path, outputs: NDArray[np.float32]) -> None:
    """Raise InputError if a checkpoint gives logits (N, K) that are not finite numbers."""
    num_finite = np.count_nonzero(np.isfinite(outputs).all(axis=1))
    if num_finite < len(outputs):
        raise InputError(
            f"{path}: gives logits that are not finite numbers for {len(outputs) - num_finite} of {len(outputs)} "
            "images; run the stage train again, with a lower learning_rate"
        )
