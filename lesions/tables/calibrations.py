"""`data/calibrations/<model>.json`: the calibration of a model's logits."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from lesions.errors import InputError
from lesions.formats.json_file import read_json, write_json


@dataclass(frozen=True)
class Calibration:
    """The scale and shift that calibrate a network's logits: `logits * scale + shift`.

    Attributes
    ----------
    classes
        The classes, in the order of the logits.
    method
        How they were fitted: one of the methods of `lesions.evaluation.calibration`.
    scale, shift
        K numbers each. With temperature scaling every scale is 1 / temperature, and every shift is 0.
    prior_shift
        K numbers: what would undo the prior of training by Bayes' rule.
    logits_sha256
        The hash of the table of logits on which it was fitted.
    num_views
        Number of views of an image over which the logits were averaged.
    """

    classes: tuple[str, ...]
    method: str
    scale: tuple[float, ...]
    shift: tuple[float, ...]
    prior_shift: tuple[float, ...]
    logits_sha256: str
    num_views: Literal[1, 8]

    def apply(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the calibrated logits (N, K)."""
        return logits * np.array(self.scale) + np.array(self.shift)


_CALIBRATION = TypeAdapter(Calibration)


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write `data/calibrations/<model>.json`."""
    write_json(path, _CALIBRATION.dump_python(calibration, mode="json"))


def read_calibration(path: Path) -> Calibration:
    """Read `data/calibrations/<model>.json`.

    Raises
    ------
    InputError
        If `write_calibration` did not write the file.
    """
    try:
        return _CALIBRATION.validate_python(read_json(path))
    except ValidationError as error:
        raise InputError(f"{path}: not a calibration of this pipeline ({error.error_count()} errors)") from error
