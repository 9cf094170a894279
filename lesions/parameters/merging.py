"""Merging sections of parameters, as plain dictionaries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

from lesions.errors import InputError
from lesions.parameters.renamed import describe_unknown

NETWORKS = "architectures."

OVERRIDES = "recipe"
"""The key in a section `architectures.<model>` that overrides shared sections; `lesions.training.recipe` reads it."""

COMBINATIONS = "combinations."

IMPORTED = "imported."


def is_section(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Return whether a value is a section that is not empty."""
    return isinstance(value, Mapping) and bool(value)


def merge_sections(
    section: Mapping[str, Any], overlay: Mapping[str, Any], known: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a section with the values of an overlay.

    Parameters
    ----------
    section
        The original values.
    overlay
        The new values. A section is merged with the section of the same name; any other value replaces the original.
    known
        A section with the known names. A section that is empty in it takes any names, and is replaced as a whole.
    """
    merged = dict(section)
    for name, value in overlay.items():
        names = known.get(name)
        if is_section(value) and is_section(names):
            merged[name] = merge_sections(section.get(name) or {}, value, names)
        else:
            merged[name] = value
    return merged


def check_names(overlay: Mapping[str, Any], known: Mapping[str, Any], file: Path, prefix: str = "") -> None:
    """Refuse an overlay with unknown parameters.

    It may add a network, which is a section with a backbone, a recipe to a network, an ensemble, which has members,
    and an imported table.

    Raises
    ------
    InputError
        If a parameter is unknown or was renamed, or if a section has a plain value. The message names the file.
    """
    for name, value in overlay.items():
        full_name = f"{prefix}{name}"
        if name not in known:
            is_network = prefix == NETWORKS and is_section(value) and "backbone" in value
            is_recipe = prefix.startswith(NETWORKS) and prefix.count(".") == 2 and name == OVERRIDES
            is_ensemble = prefix == COMBINATIONS and is_section(value) and "members" in value
            if not (is_network or is_recipe or is_ensemble or prefix == IMPORTED):
                raise InputError(f"{file}: {describe_unknown(full_name)}")
        elif is_section(known[name]):
            if not isinstance(value, Mapping):
                raise InputError(f"{file}: {full_name}: expected a section, got {value!r}")
            check_names(value, known[name], file, f"{full_name}.")
