"""The section `task`: the classes that the networks tell apart."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, StringConstraints, model_validator

from lesions.errors import InputError
from lesions.parameters.strict import Section
from lesions.tables.record import DiagnosisName

SomeDiagnoses = Annotated[tuple[DiagnosisName, ...], Field(min_length=1)]

Diagnoses = Sequence[Sequence[str]]
"""The diagnoses of each class, in the order of the logits."""

ClassName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]

DIAGNOSIS, MALIGNANCY = "diagnosis", "malignancy"


class TaskParameters(Section):
    """The section `task`.

    Attributes
    ----------
    name
        diagnosis (every diagnosis is a class), malignancy (two classes, malignant and benign), or one of `groupings`.
    malignant, benign, neither
        The diagnoses that count as malignant, as benign, or as neither; each diagnosis of the data is on one list.
    groupings
        The diagnoses of each class, for each grouping.
    """

    name: str
    malignant: SomeDiagnoses
    benign: tuple[DiagnosisName, ...]
    neither: tuple[DiagnosisName, ...]
    groupings: dict[ClassName, Annotated[dict[ClassName, SomeDiagnoses], Field(min_length=2)]]

    @model_validator(mode="after")
    def _lists_each_diagnosis_once(self) -> Self:
        listed = [*self.malignant, *self.benign, *self.neither]
        twice = sorted({diagnosis for diagnosis in listed if listed.count(diagnosis) > 1})
        if twice:
            raise ValueError(f"malignant, benign and neither name {', '.join(twice)} more than once")
        return self

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
        self.check_sides(present)
        if self.name == DIAGNOSIS:
            classes: Mapping[str, Iterable[str]] = {diagnosis: (diagnosis,) for diagnosis in present}
        elif self.name == MALIGNANCY:
            classes = {"benign": self.benign, "malignant": self.malignant}
        else:
            classes = self.groupings[self.name]
        grouped = {name: tuple(one for one in present if one in classes[name]) for name in sorted(classes)}
        left_out = sorted(set(present) - {diagnosis for members in grouped.values() for diagnosis in members})
        if left_out:
            name = self.name if self.name == MALIGNANCY else f"groupings.{self.name}"
            raise InputError(f"task: {name} has no class for {', '.join(left_out)}, which the data have")
        empty = [name for name, members in grouped.items() if not members]
        if empty:
            raise InputError(f"task: no image has a diagnosis of the class {', '.join(empty)} of {self.name}")
        return grouped

    def check_sides(self, diagnoses: Iterable[str]) -> None:
        """Raise InputError if a diagnosis of the data is on none of the lists malignant, benign and neither.

        A diagnosis may have a name of the user's own, so that a misspelt one would otherwise be a new one.
        """
        unlisted = sorted({*diagnoses} - {*self.malignant, *self.benign, *self.neither})
        if unlisted:
            raise InputError(
                f"task: the data have {', '.join(unlisted)}; say in task.malignant, task.benign or task.neither what "
                "it is, or correct its name in words.diagnosis of the section dataset (malignant: "
                f"{', '.join(self.malignant)}; benign: {', '.join(self.benign)}; neither: {', '.join(self.neither)})"
            )

    def find_sides(self, diagnoses: Diagnoses) -> tuple[bool | None, ...] | None:
        """Return whether each class is malignant, or None for a class that is neither.

        Parameters
        ----------
        diagnoses
            The diagnoses of each class.

        Returns
        -------
        tuple
            Or None if a class mixes sides, or if no class is malignant or none is benign.
        """
        listed = {True: self.malignant, False: self.benign, None: self.neither}
        side_of = {diagnosis: side for side, members in listed.items() for diagnosis in members}
        self.check_sides(diagnosis for members in diagnoses for diagnosis in members)
        sides = [{side_of[diagnosis] for diagnosis in members} for members in diagnoses]
        if any(len(side) > 1 for side in sides) or not {True, False} <= set().union(*sides):
            return None
        return tuple(side.pop() for side in sides)


def encode_diagnoses(diagnosis: pd.Series, diagnoses: Diagnoses) -> NDArray[np.int64]:
    """Return the class index of each diagnosis, (N,); `diagnoses` lists the diagnoses of each class."""
    codes = {name: code for code, members in enumerate(diagnoses) for name in members}
    return diagnosis.map(codes).to_numpy().astype(np.int64)
