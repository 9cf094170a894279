"""Laying sections over sections, as plain dictionaries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

from lesions.errors import InputError
from lesions.parameters.renamed import describe_unknown

NETWORKS = "architectures."


def is_section(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Return whether a value is a section that holds something."""
    return isinstance(value, Mapping) and bool(value)


def merge_sections(
    section: Mapping[str, Any], overlay: Mapping[str, Any], known: Mapping[str, Any]
) -> dict[str, Any]:
    """Lay an overlay over a section.

    Parameters
    ----------
    section
        The values below.
    overlay
        The values above. A section is laid over the section of that name; any other value replaces the one there.
    known
        The section with the names that are known. A section that is empty there takes any names, and is replaced.
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
    """Refuse an overlay that sets what is not known; it may add a network, which has a backbone.

    Raises
    ------
    InputError
        If a parameter is unknown or has another name now, or if a section is not one. Names the file.
    """
    for name, value in overlay.items():
        full_name = f"{prefix}{name}"
        if name not in known:
            if not (prefix == NETWORKS and is_section(value) and "backbone" in value):
                raise InputError(f"{file}: {describe_unknown(full_name)}")
        elif is_section(known[name]):
            if not isinstance(value, Mapping):
                raise InputError(f"{file}: {full_name}: expected a section, got {value!r}")
            check_names(value, known[name], file, f"{full_name}.")
