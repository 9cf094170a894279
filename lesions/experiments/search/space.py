"""SPACE.yaml: what a search varies, what it is to improve, and for how long."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from lesions.errors import InputError, cut_value
from lesions.parameters.merging import is_section
from lesions.parameters.models import Name
from lesions.parameters.section import load_parameters, validate_section
from lesions.parameters.strict import Section

Objective = Literal["balanced_accuracy", "log_loss", "num_parameters", "epoch_seconds"]

QUALITIES: tuple[Objective, ...] = ("balanced_accuracy", "log_loss")
"""The objectives that say how good a network is; the first one of a search has to be one of these."""

MAXIMISED: tuple[Objective, ...] = ("balanced_accuracy",)


class Pruner(Section):
    """When a trial that is worse than the others is stopped before its last epoch."""

    kind: Literal["none", "median", "hyperband"] = "none"
    warmup_epochs: int = Field(default=1, ge=1)
    """The epochs that every trial is given."""


class SearchSettings(Section):
    """The section `search` of SPACE.yaml."""

    study: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,40}$")]
    model: Name
    trials: Annotated[int, Field(ge=1)]
    seed: Annotated[int, Field(ge=0)] = 0
    sampler: Literal["tpe", "random"] = "tpe"
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)] = ("balanced_accuracy",)
    pruner: Pruner = Pruner()

    @model_validator(mode="after")
    def _check_objectives(self) -> Self:
        first, *others = self.objectives
        if first not in QUALITIES:
            raise ValueError(f"the first of the objectives is {first}, expected one of {', '.join(QUALITIES)}")
        if len({*self.objectives}) < len(self.objectives):
            raise ValueError(f"the objectives {', '.join(self.objectives)} name one twice")
        if others and self.pruner.kind != "none":
            raise ValueError(f"pruner.kind is {self.pruner.kind}, but pruning needs a single objective")
        return self


class Range(Section):
    """The numbers from `low` to `high`, both included."""

    low: float
    high: float
    step: float | None = None
    log: bool = False
    whole: bool = False

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low is {self.low:g} and high is {self.high:g}, expected a lower low")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log: true needs a low above 0, and no step")
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            raise ValueError(f"step is {self.step:g}, expected above 0 and at most high - low")
        numbers = [number for number in (self.low, self.high, self.step) if number is not None]
        if self.whole and any(number % 1 for number in numbers):
            raise ValueError("whole: true needs whole numbers for low, high and step")
        return self

    @property
    def ends(self) -> list[Any]:
        """The lowest and the highest value, as they are written into params.yaml."""
        return [int(end) if self.whole else end for end in (self.low, self.high)]

    def read(self, asked: float) -> Any:
        """Return the value of the parameter for what the study asks."""
        return asked


class Choices(Section):
    """The values to choose from: plain values, lists, or sections with some of the parameters below the name."""

    choices: Annotated[list[Any], Field(min_length=2)]

    @model_validator(mode="after")
    def _check_different(self) -> Self:
        for number, label in enumerate(self.labels):
            if label in self.labels[:number]:
                raise ValueError(f"{cut_value(label)} is there twice among the choices")
        return self

    @property
    def labels(self) -> list[str]:
        """What stands for each choice in the study: its text, or JSON if it is none."""
        return [choice if isinstance(choice, str) else json.dumps(choice) for choice in self.choices]

    @property
    def ends(self) -> list[Any]:
        """All choices."""
        return self.choices

    def read(self, asked: str) -> Any:
        """Return the choice that a label of the study stands for."""
        return self.choices[self.labels.index(asked)]


Domain = Range | Choices


@dataclass(frozen=True)
class SearchSpace:
    """What SPACE.yaml says.

    Attributes
    ----------
    settings
        Its section `search`.
    domains
        The values of each parameter that the search varies, by its full name.
    """

    settings: SearchSettings
    domains: dict[str, Domain]

    @property
    def fixed(self) -> dict[str, Any]:
        """The parameters that are the same in all trials: one model, and no score of test images."""
        return {
            "models": [self.settings.model],
            "ensembles": [],
            "export.models": [],
            "export.ensembles": [],
            "split.seal": True,
        }

    @property
    def of_defaults(self) -> "SearchSpace":
        """The space of a study with a single trial, that of the parameters in the workspace."""
        changes = {"study": f"{self.settings.study}-default", "trials": 1, "pruner": Pruner()}
        first = self.settings.objectives[:1]
        return SearchSpace(self.settings.model_copy(update={**changes, "objectives": first}), {})

    def list_parameters(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the value of each parameter, by its full name, for what the study asks."""
        return self.spread({name: self.domains[name].read(value) for name, value in asked.items()})

    def spread(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values by full names; a section among them becomes one value for each of its parameters."""
        spread: dict[str, Any] = {}
        for name, value in values.items():
            below = {f"{name}.{key}": item for key, item in value.items()} if is_section(value) else None
            spread |= {name: value} if below is None else self.spread(below)
        return spread


def read_space(path: Path) -> SearchSpace:
    """Read SPACE.yaml.

    Raises
    ------
    InputError
        If it is missing or invalid. The message names the file, the parameter and the value.
    """
    sections = load_parameters(path)
    for name in sections:
        if name not in ("search", "parameters"):
            raise InputError(f"{path}: {cut_value(name)}: there is no such section; expected search and parameters")
    settings = validate_section(path, "search", sections.get("search"), SearchSettings)
    parameters = sections.get("parameters")
    if not is_section(parameters):
        raise InputError(f"{path}: parameters: expected parameters with their values, got {parameters!r:.80}")
    domains = {str(name): _read_domain(path, str(name), domain) for name, domain in parameters.items()}
    return SearchSpace(settings, domains)


def _read_domain(path: Path, name: str, domain: object) -> Domain:
    name = f"parameters.{cut_value(name)}"
    if isinstance(domain, Mapping) and "choices" in domain:
        return validate_section(path, name, domain, Choices)
    return validate_section(path, name, domain, Range)
