"""What an exported model says about an image, and by which thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lesions.serving.manifest import Manifest

Status = Literal["ok", "refused", "not like the training images"]

OK: Status = "ok"
REFUSED: Status = "refused"
UNLIKE: Status = "not like the training images"

NO_NUMBERS = "the model gives no probabilities for it: its numbers are not finite"


@dataclass(frozen=True)
class Answer:
    """What a model says about one image file.

    Attributes
    ----------
    file
        The file, as it was given.
    status
        `refused` if the file could not be read as one image: then there is nothing but the reason. If the image is
        not like the training images, no number says how good the rest is.
    reason
        Why it is refused, or not like the training images; None if the status is ok.
    diagnosis
        The class that the image is called, by the rule by which the model was scored. It need not be the most
        probable one.
    probabilities
        The calibrated probability of each class; empty for a refused file.
    malignancy
        The sum of the probabilities of the malignant classes; None if the classes have no malignant side.
    is_called_malignant
        Whether the malignancy is at least the threshold that was chosen on validation.
    prediction_set
        The classes among which the true one is as often as `thresholds.sets.confidence` of the manifest says, on
        images like those of validation; there may be none.
    abstains
        Whether the probability of the diagnosis is too low to say it.
    out_of_distribution
        How unlike the training images it is; higher is less alike.
    model
        The model's name, and the first 12 digits of the sha256 of its file.
    """

    file: str
    status: Status
    reason: str | None
    diagnosis: str | None
    probabilities: Mapping[str, float]
    malignancy: float | None
    is_called_malignant: bool | None
    prediction_set: tuple[str, ...] | None
    abstains: bool | None
    out_of_distribution: float | None
    model: str


@dataclass(frozen=True)
class Numbers:
    """The numbers of a model for one image.

    Attributes
    ----------
    probabilities : (K,) float32
    called
        The position of the class that the image is called.
    malignancy
        None if the classes have no malignant side.
    """

    probabilities: np.ndarray[tuple[int], np.dtype[np.float32]]
    called: int
    malignancy: np.float32 | None
    out_of_distribution: np.float32


@dataclass(frozen=True)
class Rules:
    """What makes an answer of numbers.

    Attributes
    ----------
    model
        The id of the model.
    min_confidence
        If the probability of the diagnosis is lower, the model abstains.
    """

    manifest: Manifest
    model: str
    min_confidence: float

    def answer(self, file: str, numbers: Numbers) -> Answer:
        """Return the answer for an image; its numbers are exactly those to which the thresholds were applied."""
        names, thresholds = self.manifest.class_names, self.manifest.thresholds
        probabilities = dict(zip(names, map(_to_float, numbers.probabilities), strict=True))
        values = (*probabilities.values(), _to_float(numbers.out_of_distribution))
        if not np.isfinite(values).all() or not 0 <= numbers.called < len(names):
            return self.refuse(file, NO_NUMBERS)
        malignancy = None if numbers.malignancy is None else _to_float(numbers.malignancy)
        diagnosis, score = names[numbers.called], values[-1]
        is_like = score <= thresholds.out_of_distribution
        needed = zip(names, thresholds.sets.probability, strict=True)
        return Answer(
            file=file,
            status=OK if is_like else UNLIKE,
            reason=None if is_like else f"its score {score:.6g} is above {thresholds.out_of_distribution:.6g}",
            diagnosis=diagnosis,
            probabilities=probabilities,
            malignancy=malignancy,
            is_called_malignant=call_malignant(malignancy, self.manifest),
            prediction_set=tuple(name for name, least in needed if probabilities[name] >= least),
            abstains=probabilities[diagnosis] < self.min_confidence,
            out_of_distribution=score,
            model=self.model,
        )

    def refuse(self, file: str, reason: str) -> Answer:
        """Return the answer for a file that cannot be read as an image."""
        empty: dict[str, Any] = dict.fromkeys(
            ("diagnosis", "malignancy", "is_called_malignant", "prediction_set", "abstains", "out_of_distribution")
        )
        return Answer(file=file, status=REFUSED, reason=reason, probabilities={}, model=self.model, **empty)


def call_malignant(malignancy: float | None, manifest: Manifest) -> bool | None:
    """Return whether a probability of malignancy reaches the model's threshold; None if there is none."""
    threshold = manifest.thresholds.malignancy
    return None if malignancy is None or threshold is None else malignancy >= threshold


def _to_float(number: np.float32) -> float:
    """Return the number with the fewest digits that tells it from every other float32."""
    return float(str(number))
