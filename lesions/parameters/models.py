"""The lists `models` and `ensembles`: the names of everything that a run scores."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from lesions.errors import InputError
from lesions.parameters.section import read_parameters

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
"""The name of a model: it becomes a file name, and a part of commands that a shell reads."""

_NAMES = TypeAdapter(list[Name])

RESERVED = ("baselines", "comparison", "history", "probes", "split")
"""Other folders in data/predictions/ and plots/, whose names no model may have."""


def read_models(params: Path) -> list[str]:
    """Read the list `models`; each name must be a valid file name and occur only once."""
    return check_models(read_parameters(params).get("models"), str(params))


def check_models(listed: object, source: str) -> list[str]:
    """Return a list of models as it is; raise InputError, naming its `source`, if it is no list of possible names."""
    return _check_names(listed, f"{source}: models", fewest=1)


def read_ensembles(params: Path) -> list[str]:
    """Read the list `ensembles`; each name must be possible for a model, and that of no model."""
    return check_ensembles(read_parameters(params), str(params))


def check_ensembles(parameters: Mapping[str, Any], source: str) -> list[str]:
    """Return the list `ensembles` of a parameter file; files from before there were ensembles list none.

    Raises
    ------
    InputError
        If it is no list of possible names, or if a model has one of them. The message names the file's `source`.
    """
    ensembles = _check_names(parameters.get("ensembles", []), f"{source}: ensembles", fewest=0)
    for name in sorted({*ensembles} & {*check_models(parameters.get("models"), source)}):
        raise InputError(f"{source}: ensembles: {name} is the name of a model; choose another")
    return ensembles


def read_scored(params: Path) -> list[str]:
    """Read the names of everything that is scored: the models, then the ensembles."""
    return list_scored(read_parameters(params), str(params))


def list_scored(parameters: Mapping[str, Any], source: str) -> list[str]:
    """Return the names of all models and ensembles of a parameter file, after checking them."""
    return [*check_models(parameters.get("models"), source), *check_ensembles(parameters, source)]


def list_exported(parameters: Mapping[str, Any], source: str) -> list[str]:
    """Return the names of all that a parameter file exports; files from before there were exports export nothing.

    Raises
    ------
    InputError
        If one of the two lists is no list of possible names. The message names the file's `source`.
    """
    section = parameters.get("export", {})
    if not isinstance(section, dict):
        raise InputError(f"{source}: export: expected a section, got {section!r:.80}")
    return [
        name
        for kind in ("models", "ensembles")
        for name in _check_names(section.get(kind, []), f"{source}: export.{kind}", fewest=0)
    ]


def _check_names(listed: object, where: str, *, fewest: int) -> list[str]:
    try:
        names = _NAMES.validate_python(listed, strict=True)
    except ValidationError as error:
        raise InputError(f"{where}: expected a list of names, got {listed!r:.80}") from error
    if len(names) < fewest:
        raise InputError(f"{where}: expected a list of names, got {listed!r:.80}")
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{where}: {name} is listed twice")
        if name in RESERVED:
            raise InputError(f"{where}: {name} is the name of a folder of the pipeline; choose another")
        if name in ("class_prior", "one_diagnosis") or name.endswith(("_features", "_probe")):
            raise InputError(f"{where}: {name} is the name of a baseline or a probe; choose another")
    return names
