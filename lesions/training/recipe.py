"""The recipe of a model: every parameter that decides its weights.

All models share the sections `augmentation`, `loss`, `optimizer`, `sampling`, `schedule` and `training`.
`architectures.<model>.recipe` overrides their parameters for one model.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lesions.errors import InputError
from lesions.formats.atomic import write_text
from lesions.networks.parameters import AnyArchitecture, find_architecture, read_architecture
from lesions.parameters.merging import OVERRIDES
from lesions.parameters.section import read_parameters, read_section, validate_section
from lesions.parameters.strict import Section
from lesions.training.parameters import (
    LossParameters,
    OptimizerParameters,
    SamplingParameters,
    ScheduleParameters,
    TrainingParameters,
)
from lesions.transforms.parameters import AugmentationParameters

SHARED: dict[str, type[Section]] = {
    "augmentation": AugmentationParameters,
    "loss": LossParameters,
    "optimizer": OptimizerParameters,
    "sampling": SamplingParameters,
    "schedule": ScheduleParameters,
    "training": TrainingParameters,
}
"""The sections that all models share and that each model may override."""


class Recipe(Section):
    """How one model is built and trained: its architecture, and the shared sections with its overrides."""

    architecture: AnyArchitecture
    augmentation: AugmentationParameters
    loss: LossParameters
    optimizer: OptimizerParameters
    sampling: SamplingParameters
    schedule: ScheduleParameters
    training: TrainingParameters


def resolve_recipe(params: Path, model: str) -> Recipe:
    """Return a model's recipe, after checking that each of its parameters has an effect.

    Raises
    ------
    InputError
        As in `merge_recipe`, and if one parameter makes another ineffective.
    """
    recipe, overrides = merge_recipe(params, model), _read_overrides(params, model)
    _check_adjustment_has_an_effect(recipe, model, overrides)
    _check_rate_can_fall(recipe, model, overrides)
    return recipe


def merge_recipe(params: Path, model: str) -> Recipe:
    """Read a model's architecture and the shared sections, and apply the model's overrides to the shared sections.

    Raises
    ------
    InputError
        If a section is missing or invalid. The message gives the full name of an overriding parameter, such as
        `architectures.resnet18.recipe.loss.focal_gamma`.
    """
    sections: dict[str, Any] = {name: read_section(params, name, section) for name, section in SHARED.items()}
    for name, changes in _read_overrides(params, model).items():
        merged = {**read_parameters(params)[name], **changes}
        sections[name] = validate_section(params, _name_overrides(model, name), merged, SHARED[name])
    return Recipe(architecture=read_architecture(params, model), **sections)


def list_overridden(params: Path, model: str) -> list[str]:
    """Return the shared parameters that a model overrides, such as `loss.kind`."""
    return [f"{name}.{key}" for name, changes in _read_overrides(params, model).items() for key in changes]


def write_recipe(path: Path, recipe: Recipe) -> None:
    """Write `data/recipes/<model>.json`, with all digits of every number."""
    write_text(path, json.dumps(recipe.model_dump(mode="json"), sort_keys=True, indent=1) + "\n")


def read_recipe(path: Path) -> Recipe:
    """Read `data/recipes/<model>.json`; raise InputError if the file is missing or is not a recipe."""
    try:
        return Recipe.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file; run the stage resolve_recipes") from error
    except ValidationError as error:
        raise InputError(f"{path}: not what resolve_recipes writes; run that stage again") from error


def _read_overrides(params: Path, model: str) -> dict[str, dict[str, Any]]:
    """Return the overrides in a model's section `recipe`, by shared section."""
    name = f"architectures.{model}.{OVERRIDES}"
    overrides = find_architecture(params, model).get(OVERRIDES) or {}
    if not isinstance(overrides, dict):
        raise InputError(f"{params}: {name}: expected sections with parameters, got {overrides!r}")
    for section, changes in overrides.items():
        if section not in SHARED:
            raise InputError(
                f"{params}: {name}.{section}: there is no such section; a model may override {', '.join(SHARED)}"
            )
        if not isinstance(changes, dict) or not changes:
            raise InputError(f"{params}: {name}.{section}: expected parameters of {section}, got {changes!r}")
    return overrides


def _name_overrides(model: str, section: str) -> str:
    return f"architectures.{model}.{OVERRIDES}.{section}"


def _name_parameter(model: str, overrides: dict[str, dict[str, Any]], section: str, key: str) -> str:
    """Return the full name of the parameter that sets a value for this model: the override, or the shared one."""
    return f"{_name_overrides(model, section) if key in overrides.get(section, {}) else section}.{key}"


def _check_adjustment_has_an_effect(recipe: Recipe, model: str, overrides: dict[str, dict[str, Any]]) -> None:
    """Refuse logit adjustment if all diagnoses are shown equally often, because it would have no effect."""
    if recipe.loss.logit_adjustment and recipe.sampling.scheme == "class_balanced":
        adjustment = _name_parameter(model, overrides, "loss", "logit_adjustment")
        scheme = _name_parameter(model, overrides, "sampling", "scheme")
        raise InputError(
            f"{adjustment} is {recipe.loss.logit_adjustment:g}, but {scheme} class_balanced shows all diagnoses "
            f"equally often, so the adjustment has no effect; set {adjustment} to 0 or {scheme} to shuffled"
        )


def _check_rate_can_fall(recipe: Recipe, model: str, overrides: dict[str, dict[str, Any]]) -> None:
    """Refuse a schedule whose learning rate can never fall, because of the length of the phases or the patience."""
    every_epochs, patience_epochs = recipe.schedule.every_epochs, recipe.training.patience_epochs
    if every_epochs is None:
        return
    name = _name_parameter(model, overrides, "schedule", "every_epochs")
    longest = max(phase.num_epochs for phase in recipe.architecture.phases)
    # The first epoch of a phase always improves, so that a plateau begins after it at the earliest.
    needed = every_epochs + (2 if recipe.schedule.name == "plateau" else 1)
    if longest < needed:
        raise InputError(
            f"{name} is {every_epochs}, and the learning rate falls in epoch {needed} of a phase at the earliest, "
            f"but no phase of architectures.{model} has more than {longest} epochs: it would never fall"
        )
    if recipe.schedule.name == "plateau" and every_epochs >= patience_epochs:
        patience = _name_parameter(model, overrides, "training", "patience_epochs")
        raise InputError(
            f"{name} is {every_epochs}, but {patience} is {patience_epochs}: training would stop before the learning "
            "rate falls"
        )
