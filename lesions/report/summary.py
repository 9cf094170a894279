"""Reading metrics strictly: a key that is missing or of another type is named, with its file."""

import json
import re
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from lesions.errors import InputError
from lesions.evaluation.interval import Estimate, leave_unbounded
from lesions.formats.json_file import read_json


class Summary(BaseModel):
    """A part of a metrics file: frozen, without conversion of types.

    A field `score` of the type `Estimate` is read from the three keys `score`, `score_low` and `score_high`. Both
    bounds are null where the interval is not known.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _join_estimates(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        joined = dict(values)
        for name, field in cls.model_fields.items():
            is_estimate = Estimate in (field.annotation, *get_args(field.annotation))
            if is_estimate and isinstance(values.get(name), float | int):
                bounds = {
                    bound: values[f"{name}_{bound}"] for bound in ("low", "high") if f"{name}_{bound}" in values
                }
                is_unbounded = bounds == {"low": None, "high": None}
                joined[name] = leave_unbounded(values[name]) if is_unbounded else {"value": values[name], **bounds}
        return joined


AnySummary = TypeVar("AnySummary", bound=Summary)


def read_summary(path: Path, kind: type[AnySummary]) -> AnySummary:
    """Read a metrics file.

    Raises
    ------
    InputError
        If a key is missing or has another type; it names the file and each such key.
    """
    return validate(path, read_json(path), kind)


def read_rows(path: Path, kind: type[AnySummary]) -> list[AnySummary]:
    """Read a list of rows; raise InputError as `read_summary` does."""
    return [
        validate(path, row, kind, prefix=f"row {number}: ") for number, row in enumerate(read_json(path), start=1)
    ]


def validate(path: Path, found: Any, kind: type[AnySummary], *, prefix: str = "") -> AnySummary:
    """Return the content of a file as a summary; errors name the file, and each key after `prefix`."""
    try:
        # Strict models accept the lists and objects of JSON for tuples and dataclasses only when they read JSON.
        return kind.model_validate_json(json.dumps(found))
    except ValidationError as error:
        complaints = "; ".join(f"{prefix}{_describe(details)}" for details in error.errors())
        raise InputError(f"{path}: {complaints}; run `dvc repro` to write it again") from error


def _describe(details: ErrorDetails) -> str:
    """Say what is wrong with a key; the bounds of an estimate are keys beside its value."""
    key = re.sub(r"\.(low|high)$", r"_\1", ".".join(map(str, details["loc"]))).removesuffix(".value")
    if details["type"] == "missing":
        return f"the key {key} is missing"
    words = details["msg"][0].lower() + details["msg"][1:]
    return f"the key {key}: {words}, got {details['input']!r}"
