"""Whether an exported file predicts what its networks predict."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.images.shards import Images
from lesions.serving.manifest import Manifest
from lesions.serving.session import Network
from lesions.tables.predictions import Predictions

BATCH_SIZES = (1, 64)

TOLERANCE = 1e-5
"""The largest difference of a probability that is rounding."""

ANOTHER_DEVICE = 1e-3
"""The largest difference of a probability that comes from predicting on another device."""

Floats = NDArray[np.floating]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """What a model says about N images.

    Attributes
    ----------
    probability : (N, K)
        Calibrated.
    called : (N,)
        The code of the class that each image is called.
    """

    probability: Floats
    called: Codes


@dataclass(frozen=True)
class Parity:
    """How far the answers of a file are from those of its networks.

    Attributes
    ----------
    largest, mean
        The largest and the mean difference of a probability.
    agreement
        The share of images that both call the same class.
    num_undecided
        How many of the others have two classes whose probabilities are no further apart than rounding can move them.
    """

    largest: float
    mean: float
    agreement: float
    num_undecided: int

    def summarise(self, batch_size: int) -> dict[str, Any]:
        """Return the figures under flat names, as in the metrics files."""
        return {
            f"largest_difference_at_{batch_size}": self.largest,
            f"mean_difference_at_{batch_size}": self.mean,
            f"agreement_at_{batch_size}": self.agreement,
        }


class ExportedFile:
    """An exported file, before it is written, on the images of the run.

    Attributes
    ----------
    data
        Its bytes.
    manifest
        The manifest in it.
    """

    def __init__(self, data: bytes, manifest: Manifest, images: Images, num_threads: int) -> None:
        self.data = data
        self.manifest = manifest
        self._images = images
        self._network = Network(data, manifest, num_threads=num_threads, source=Path("model.onnx"))

    def run(self, rows: Codes, *, batch_size: int) -> tuple[Answers, Floats]:
        """Return the answers for rows of the cache, and their scores `out_of_distribution` (N,)."""
        numbers = [
            each
            for first in range(0, len(rows), batch_size)
            for each in self._network.run(self._images[rows[first : first + batch_size]]).numbers
        ]
        probability = np.stack([each.probabilities for each in numbers])
        called = np.array([each.called for each in numbers])
        return Answers(probability, called), np.array([each.out_of_distribution for each in numbers])


def measure_parity(reference: Answers, found: Answers, raw: Floats) -> Parity:
    """Compare the answers of a file with those of its networks.

    Parameters
    ----------
    raw : (N, K)
        The logits of the networks before calibration, by which images are called.
    """
    difference = np.abs(reference.probability - found.probability)
    differs = reference.called != found.called
    highest = np.sort(raw[differs], axis=1)
    is_undecided = highest[:, -1] - highest[:, -2] <= TOLERANCE
    return Parity(
        float(difference.max()), float(difference.mean()), float(1 - differs.mean()), int(is_undecided.sum())
    )


def check_parity(parity: Parity, *, num_images: int, batch_size: int) -> None:
    """Raise InputError if a file differs from its networks by more than rounding."""
    num_others = round((1 - parity.agreement) * num_images) - parity.num_undecided
    if not parity.largest <= TOLERANCE or num_others:  # NaN is above no number
        raise InputError(
            f"the exported file differs from its networks, {batch_size} images at a time: by up to "
            f"{parity.largest:.2g} in a probability ({TOLERANCE:g} is allowed), and in the class of {num_others} of "
            f"{num_images} images; nothing was written"
        )


def check_agrees_with_table(found: Answers, table: Predictions, path: Path) -> float:
    """Return the largest difference of a probability from the predictions of the run.

    Raises
    ------
    InputError
        If they are not of the same networks: a GPU rounds otherwise, but not by so much.
    """
    largest = float(np.abs(found.probability - table.y_prob).max())
    if not largest <= ANOTHER_DEVICE:
        raise InputError(
            f"{path}: its probabilities differ by up to {largest:.2g} from what the checkpoints give; run the stages "
            "predict and evaluate again"
        )
    return largest
