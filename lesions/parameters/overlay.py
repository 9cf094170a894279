"""Laying a preset over params.yaml, whose comments stay."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from lesions.errors import InputError
from lesions.formats.atomic import atomic_path

NULL_TAG = "tag:yaml.org,2002:null"


def lay_over(params: Path, overlay: Mapping[str, Any]) -> list[str]:
    """Change the parameters that an overlay names; comments and all others stay as they are.

    A section of the overlay is laid over the section of that name; any other value, and a section that is empty,
    replaces the one there.

    Returns
    -------
    list of text
        The full names of the parameters that changed.

    Raises
    ------
    InputError
        If the overlay names a parameter that is not in the file.
    """
    yaml = YAML()
    # The layout of params.yaml, so that only the lines change that must.
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), lambda dumper, _: dumper.represent_scalar(NULL_TAG, "null"))
    parameters = yaml.load(params)
    changed = _lay_over(parameters, overlay, "", params)
    with atomic_path(params) as temporary, temporary.open("w", encoding="utf-8") as file:
        yaml.dump(parameters, file)
    return changed


def _lay_over(parameters: Any, overlay: Mapping[str, Any], prefix: str, params: Path) -> list[str]:
    changed = []
    for name, value in overlay.items():
        if name not in parameters:
            raise InputError(f"{params}: there is no parameter {prefix}{name} for the preset to change")
        # A section that is empty has whatever names it is given.
        if isinstance(value, Mapping) and value and parameters[name]:
            changed += _lay_over(parameters[name], value, f"{prefix}{name}.", params)
        elif parameters[name] != value:
            parameters[name] = _in_flow_style(value)
            changed.append(f"{prefix}{name}")
    return changed


def _in_flow_style(value: Any) -> Any:
    """Have a section, a list of plain values, or each section in a list of sections, written on one line."""
    if isinstance(value, Mapping):
        section = CommentedMap({name: _in_flow_style(item) for name, item in value.items()})
        section.fa.set_flow_style()
        return section
    if not isinstance(value, list):
        return value
    sequence = CommentedSeq(value)
    if all(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            sequence[index] = _in_flow_style(item)
    else:
        sequence.fa.set_flow_style()
    return sequence
