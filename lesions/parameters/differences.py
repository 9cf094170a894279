"""Listing the differences between two sets of parameters, by full name."""

import io
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML

from lesions.parameters.merging import is_section

ABSENT = object()
"""Stands for the value of a parameter that does not exist."""


def list_changed(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the full names of the parameters that differ, in the order of `after`; those that it lacks are last."""
    return [name for name, *_ in _find_changes(before, after, prefix)]


def describe_changes(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the parameters that differ with both values, such as `training.seed 7 → 0`, in the same order."""
    return [f"{name} {_describe(old)} → {_describe(new)}" for name, old, new in _find_changes(before, after, prefix)]


def _find_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, object, object]]:
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name, ABSENT), after.get(name, ABSENT)
        if is_section(old) and is_section(new):
            yield from _find_changes(old, new, f"{prefix}{name}.")
        elif old != new:
            yield f"{prefix}{name}", old, new


def list_lost(
    present: Mapping[str, Any], default: Mapping[str, Any], after: Mapping[str, Any], prefix: str = ""
) -> list[str]:
    """Return the parameters that differ from the default and will be overwritten, such as `training.seed 7 → 0`."""
    lost = []
    for name, value in present.items():
        usual, new = default.get(name, ABSENT), after.get(name, ABSENT)
        if value in (usual, new):
            continue
        if is_section(value) and is_section(new):
            lost += list_lost(value, usual if is_section(usual) else {}, new, f"{prefix}{name}.")
        else:
            lost.append(f"{prefix}{name} {_describe(value)} → {_describe(new)}")
    return lost


def _describe(value: object) -> str:
    """Return a value as YAML, on one line."""
    if value is ABSENT:
        return "(left out)"
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = True
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 2**20
    text = io.StringIO()
    yaml.dump(value, text)
    return text.getvalue().removesuffix("...\n").strip()
