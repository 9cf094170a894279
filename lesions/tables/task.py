"""The section `task`: the classes that the networks tell apart."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, StringConstraints, model_validator

from lesions.errors import InputError
from lesions.parameters.section import Section
from lesions.tables.record import Diagnosis

SomeDiagnoses = Annotated[tuple[Diagnosis, ...], Field(min_length=1)]

Diagnoses = Sequence[Sequence[str]]
"""The diagnoses of each class, in the order of the logits."""

ClassName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]

DIAGNOSIS, MALIGNANCY = "diagnosis", "malignancy"


class TaskParameters(Section):
    """The section `task`.

    Attributes
    ----------
    name
        diagnosis (every diagnosis is a class), malignancy (two classes, by `malignant`), or one of `groupings`.
    malignant
        The diagnoses that count as malignant; all others are benign.
    groupings
        The diagnoses of each class, for each grouping.
    """

    name: str
    malignant: SomeDiagnoses
    groupings: dict[ClassName, Annotated[dict[ClassName, SomeDiagnoses], Field(min_length=2)]]

    @model_validator(mode="after")
    def _names_a_task(self) -> Self:
        known = (DIAGNOSIS, MALIGNANCY, *self.groupings)
        if self.name not in known:
            raise ValueError(f"expected name to be one of {', '.join(known)}, got {self.name!r}")
        for name, grouping in self.groupings.items():
            if name in (DIAGNOSIS, MALIGNANCY):
                raise ValueError(f"groupings.{name} would hide the task of that name; choose another name")
            named = [diagnosis for diagnoses in grouping.values() for diagnosis in diagnoses]
            twice = sorted({diagnosis for diagnosis in named if named.count(diagnosis) > 1})
            if twice:
                raise ValueError(f"groupings.{name} names {', '.join(twice)} more than once")
        return self

    def group(self, diagnoses: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the diagnoses of each class, in the order of the logits.

        Raises
        ------
        InputError
            If a diagnosis belongs to no class, or a class has no diagnosis.
        """
        present = sorted(set(diagnoses))
        if self.name == DIAGNOSIS:
            classes: Mapping[str, Iterable[str]] = {diagnosis: (diagnosis,) for diagnosis in present}
        elif self.name == MALIGNANCY:
            benign = [diagnosis for diagnosis in present if diagnosis not in self.malignant]
            classes = {"benign": benign, "malignant": self.malignant}
        else:
            classes = self.groupings[self.name]
        grouped = {name: tuple(one for one in present if one in classes[name]) for name in sorted(classes)}
        left_out = sorted(set(present) - {diagnosis for members in grouped.values() for diagnosis in members})
        if left_out:
            raise InputError(
                f"task: groupings.{self.name} has no class for {', '.join(left_out)}, which the data have"
            )
        empty = [name for name, members in grouped.items() if not members]
        if empty:
            raise InputError(f"task: no image has a diagnosis of the class {', '.join(empty)} of {self.name}")
        return grouped


def find_malignant_side(diagnoses: Diagnoses, malignant: Sequence[str]) -> tuple[bool, ...] | None:
    """Return which classes are malignant, or None if all or none are, or if a class has diagnoses of both kinds.

    Parameters
    ----------
    diagnoses
        The diagnoses of each class.
    malignant
        The diagnoses that are malignant.
    """
    sides = [{diagnosis in malignant for diagnosis in members} for members in diagnoses]
    if any(len(side) > 1 for side in sides) or len(set().union(*sides)) < 2:
        return None
    return tuple(True in side for side in sides)


def encode_diagnoses(diagnosis: pd.Series, diagnoses: Diagnoses) -> NDArray[np.int64]:
    """Return the class index of each diagnosis, (N,); `diagnoses` lists the diagnoses of each class."""
    codes = {name: code for code, members in enumerate(diagnoses) for name in members}
    return diagnosis.map(codes).to_numpy().astype(np.int64)
