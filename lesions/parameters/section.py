"""Reading and validating strict sections of params.yaml."""

import json
import re
from collections.abc import Sequence
from copy import deepcopy
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

from lesions.errors import InputError
from lesions.parameters.renamed import RENAMED, describe_unknown
from lesions.parameters.strict import Section

AnySection = TypeVar("AnySection", bound=Section)

STEP_WITHIN_A_TYPE = re.compile(r"\[key\]|constrained-(float|int|str)|(dict|function-after|literal|tuple)\[.*\]")
"""The steps in pydantic's error locations that name a part of a type, not a parameter."""


def read_section(path: Path, name: str, section: type[AnySection]) -> AnySection:
    """Read one section of a parameter file.

    Parameters
    ----------
    path
        The YAML file (YAML 1.2, where `1e-5` is a number).
    name
        The section's full name; a dot leads into a nested section (`architectures.resnet18`).
    section
        The pydantic model of the section.

    Raises
    ------
    InputError
        If the file or the section is missing, or a value is invalid. The message gives the full name of every
        offending parameter.
    """
    parameters = read_parameters(path)
    value: Any = parameters
    for depth, key in enumerate(name.split("."), start=1):
        if not isinstance(value, dict) or key not in value:
            missing = ".".join(name.split(".")[:depth])
            raise InputError(
                f"{path}: " + "; ".join([f"the section {missing} is missing", *_moved(parameters, missing)])
            )
        value = value[key]
    return validate_section(path, name, value, section)


def validate_section(path: Path, name: str, value: object, section: type[AnySection]) -> AnySection:
    """Validate the content of a section; raise InputError with the full name of each parameter that is invalid.

    Parameters
    ----------
    path
        The parameter file, for messages.
    name
        The section's full name, for messages.
    value
        The content, as read from YAML.
    section
        The pydantic model of the section.
    """
    try:
        return section.model_validate_json(json.dumps(value, default=str))
    except ValidationError as error:
        raise InputError(f"{path}: " + "; ".join(_list_complaints(name, error.errors()))) from error
    except (TypeError, ValueError, RecursionError) as error:
        # Its own content, by an alias; a list as a key; hundreds of brackets.
        raise InputError(f"{path}: {name}: not a section of names and values ({error})") from error


@cache
def read_parameters(path: Path) -> dict[str, Any]:
    """Read a whole parameter file as plain dictionaries and lists, once per process."""
    return load_parameters(path)


def load_parameters(path: Path) -> dict[str, Any]:
    """Read a whole parameter file as it is now, as plain dictionaries and lists.

    Raises
    ------
    InputError
        If there is no such file, or if it does not contain sections.
    """
    try:
        return parse_parameters(path.read_bytes(), str(path))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such parameter file") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def parse_parameters(content: bytes, source: str) -> dict[str, Any]:
    """Parse the content of a parameter file; raise InputError, naming its `source`, if it does not have sections."""
    try:
        parameters = deepcopy(_parse_yaml(content))
    except RecursionError as error:
        raise InputError(f"{source}: sections or lists are nested too deeply") from error
    except DuplicateKeyError as error:
        found = re.search('duplicate key "(.*?)"', str(error.problem))
        key, line = found[1] if found else "a key", error.problem_mark.line + 1
        raise InputError(f"{source}, line {line}: {key} is there a second time; join the two") from error
    # ValueError: no text in UTF-8, a date that does not exist, a number of 5,000 digits
    except (YAMLError, ValueError) as error:
        raise InputError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(parameters, dict):
        raise InputError(f"{source}: expected sections with names, got {parameters!r:.80}")
    return parameters


@lru_cache(maxsize=8)
def _parse_yaml(content: bytes) -> object:
    """Parse a text once: revisions of a project have mostly the same, and 20 KB take 0.1 s."""
    return YAML(typ="safe", pure=True).load(content)


def _moved(parameters: dict[str, Any], section: str) -> list[str]:
    """Describe the renamed parameters of a file that now belong to a section that the file lacks."""
    moved = []
    for old, new in RENAMED.items():
        folder, _, key = old.rpartition(".")
        if new.startswith(f"{section}.") and key in (parameters.get(folder) or {}):
            moved.append(describe_unknown(old))
    return moved


def _list_complaints(section: str, errors: Sequence[ErrorDetails]) -> list[str]:
    """Translate pydantic's errors into the words of params.yaml, one complaint per parameter."""
    by_location: dict[tuple[str, ...], list[ErrorDetails]] = {}
    for details in errors:
        steps = tuple(step for step in map(str, details["loc"]) if not STEP_WITHIN_A_TYPE.fullmatch(step))
        by_location.setdefault(steps, []).append(details)
    # A parameter that has its old name in the file is not missing.
    renamed = {RENAMED.get(".".join([section, *steps])) for steps in by_location}
    return [
        _complaint(".".join([section, *steps]), details)
        for steps, details in by_location.items()
        # An invalid item also makes its list invalid, or too short; only the item is reported.
        if not any(other[: len(steps)] == steps for other in by_location if other != steps)
        and ".".join([section, *steps]) not in renamed
    ]


def _complaint(location: str, errors: Sequence[ErrorDetails]) -> str:
    """Return what is wrong with one parameter; several errors mean that it may have one of several types."""
    kind, context, value = errors[0]["type"], errors[0].get("ctx", {}), errors[0]["input"]
    if kind == "missing":
        return f"{location}: is missing"
    if kind == "extra_forbidden":
        return describe_unknown(location)
    if kind == "value_error":
        return f"{location}: {context['error']}"
    expected = [_expectation(details["type"], details.get("ctx", {})) for details in errors]
    return f"{location}: expected {' or '.join(expected)}, got {value!r:.80}"


def _expectation(kind: str, context: dict[str, Any]) -> str:
    bounds = {"greater_than": "> {gt:g}", "greater_than_equal": ">= {ge:g}", "less_than": "< {lt:g}"}
    bounds |= {"less_than_equal": "<= {le:g}"}
    if kind in bounds:
        return "a number " + bounds[kind].format(**context)
    names = {
        "float_type": "a number",
        "int_type": "a whole number",
        "string_type": "text",
        "bool_type": "true or false",
        "tuple_type": "a list",
        "finite_number": "a finite number",
        "too_short": "at least {min_length} items",
        "string_too_short": "some text",
        "literal_error": "{expected}",
        "string_pattern_mismatch": "text like {pattern}",
        "model_type": "a section",
        "dict_type": "a section",
    }
    return names.get(kind, kind.replace("_", " ")).format(**context)
