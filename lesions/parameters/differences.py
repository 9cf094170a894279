"""Listing the differences between two sets of parameters, by full name."""

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from lesions.parameters.merging import is_section

ABSENT = object()
"""Stands for the value of a parameter that does not exist."""


def list_changed(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the full names of the parameters that differ, in the order of `after`; those that it lacks are last."""
    changed = []
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name, ABSENT), after.get(name, ABSENT)
        if is_section(old) and is_section(new):
            changed += list_changed(old, new, f"{prefix}{name}.")
        elif old != new:
            changed.append(f"{prefix}{name}")
    return changed


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
