"""`metrics/<ensemble>/ensemble.json`: the members of an ensemble, and how much each counts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from lesions.errors import InputError
from lesions.formats.json_file import read_json, write_metrics
from lesions.parameters.combinations import Weights
from lesions.tables.imported import Origin


@dataclass(frozen=True)
class Ensemble:
    """How the logits of an ensemble were combined.

    Attributes
    ----------
    weighted
        How the weights were found.
    weight
        The weight of each member; they sum to 1.
    temperature
        What the logits of each member were divided by.
    prior_shift
        By class, what would undo the prior of training if it was added to the combined logits.
    imported
        Where the members that another run trained come from.
    """

    weighted: Weights
    weight: dict[str, float]
    temperature: dict[str, float]
    prior_shift: dict[str, float]
    imported: dict[str, Origin]

    def __str__(self) -> str:
        """Return the members, their weights and where imported ones come from, in words."""
        members = ", ".join(f"{name} ({weight:.2f})" for name, weight in self.weight.items())
        how = {"equal": "equal weights", "fitted": "weights fitted on validation"}[self.weighted]
        origins = "".join(f"; {name} is {origin}" for name, origin in self.imported.items())
        return f"an ensemble of {members}, with {how}{origins}"

    def list_prior_shift(self, classes: tuple[str, ...]) -> NDArray[np.float64]:
        """Return the prior shift (K,) in the order of the classes."""
        return np.array([self.prior_shift[name] for name in classes])


_ENSEMBLE = TypeAdapter(Ensemble)


def write_ensemble(path: Path, ensemble: Ensemble) -> None:
    """Write `metrics/<ensemble>/ensemble.json`."""
    write_metrics(path, _ENSEMBLE.dump_python(ensemble, mode="json"))


def is_ensemble(path: Path) -> bool:
    """Return whether a JSON file has the weights of an ensemble, and not the recipe of a network."""
    return isinstance(content := read_json(path), dict) and "weighted" in content


def read_ensemble(path: Path) -> Ensemble:
    """Read `metrics/<ensemble>/ensemble.json`; raise InputError if `write_ensemble` did not write it."""
    try:
        return _ENSEMBLE.validate_python(read_json(path))
    except ValidationError as error:
        raise InputError(f"{path}: not the weights of an ensemble; run the stage combine again") from error
