"""The list `models`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from lesions.errors import InputError
from lesions.parameters.section import read_parameters

_MODELS = TypeAdapter(Annotated[list[Annotated[str, Field(pattern=r"^\w+$")]], Field(min_length=1)])

RESERVED = ("baselines", "comparison", "history", "probes", "split")
"""Other folders in data/predictions/ and plots/, whose names no model may have."""


def read_models(params: Path) -> list[str]:
    """Read the list `models`; each name must be a valid file name and occur only once."""
    return check_models(read_parameters(params).get("models"), str(params))


def check_models(listed: object, source: str) -> list[str]:
    """Return a list of models as it is; raise InputError, naming its `source`, if it is no list of possible names."""
    try:
        models = _MODELS.validate_python(listed, strict=True)
    except ValidationError as error:
        raise InputError(f"{source}: models: expected a list of names, got {listed!r:.80}") from error
    for name in models:
        if models.count(name) > 1:
            raise InputError(f"{source}: models: {name} is listed twice")
        if name in RESERVED:
            raise InputError(f"{source}: models: {name} is the name of a folder of the pipeline; choose another")
        if name in ("class_prior", "one_diagnosis") or name.endswith(("_features", "_probe")):
            raise InputError(f"{source}: models: {name} is the name of a baseline or a probe; choose another")
    return models
