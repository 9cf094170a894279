"""Presets: files that name the parameters in which they differ from presets/default.yaml."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lesions.errors import InputError
from lesions.parameters.section import load_parameters

DEFAULT = "default.yaml"
"""The file that equals params.yaml as it is shipped."""

FOLDERS = ("", "published", "datasets")
"""The folders in which a preset is looked up, in this order."""


@dataclass(frozen=True)
class Preset:
    """A preset file.

    Attributes
    ----------
    path
        The file.
    builds_on
        The names of the presets that are applied before this one, from its key `on`.
    overlay
        The parameters that it sets.
    """

    path: Path
    builds_on: tuple[str, ...]
    overlay: dict[str, Any]


def read_chain(names: Sequence[str], folder: Path, above: tuple[Path, ...] = ()) -> list[Preset]:
    """Read presets and the presets that they build on, in the order in which they are applied.

    Parameters
    ----------
    names
        The presets, in the order in which they are applied.
    folder
        The folder of the presets.
    above
        The chain of files that led to `names`: each builds on the next, and the last builds on `names`.

    Raises
    ------
    InputError
        If there is no preset of a name, or if a preset builds on itself. The message names the file.
    """
    where = f"{above[-1]}: on: " if above else ""
    chain = []
    for name in names:
        path = find_preset(name, folder, where)
        if path in above:
            circle = [*above[above.index(path) :], path]
            raise InputError(f"{path}: on: builds on itself, {' on '.join(map(str, circle))}; remove one of these")
        preset = read_preset(path)
        chain += [*read_chain(preset.builds_on, folder, (*above, path)), preset]
    return chain


def read_preset(path: Path) -> Preset:
    """Read one preset file.

    Raises
    ------
    InputError
        If it does not contain sections, or if `on` is not a list of names.
    """
    overlay = load_parameters(path)
    builds_on = overlay.pop("on", [])
    if not isinstance(builds_on, list) or not all(isinstance(name, str) for name in builds_on):
        raise InputError(f"{path}: on: expected a list of presets, such as [datasets/ham10000], got {builds_on!r}")
    return Preset(path, tuple(builds_on), overlay)


def find_preset(name: str, folder: Path, where: str = "") -> Path:
    """Return the file of a preset.

    Parameters
    ----------
    name
        The name of a file in `folder` or in its folders `published` and `datasets`, which are searched in this order;
        or a name with its folder (`datasets/ham10000`), or the path of a YAML file elsewhere.
    folder
        The folder of the presets.
    where
        The beginning of the message, which says where the name is from.

    Raises
    ------
    InputError
        If there is none; the message lists the known names.
    """
    path = _locate(name, folder)
    if path is None:
        raise InputError(
            f"{where}there is no preset {name!r} in {folder}/; known are {', '.join(list_presets(folder))}"
        )
    return path


def list_presets(folder: Path) -> list[str]:
    """Return the names of all presets; a name includes its folder if another preset of that name is found first."""
    names = []
    for path in folder.rglob("*.yaml"):
        found_first = _locate(path.stem, folder) == path
        names.append(path.stem if found_first else path.relative_to(folder).with_suffix("").as_posix())
    return sorted(names)


def _locate(name: str, folder: Path) -> Path | None:
    paths = [folder / shelf / f"{name}.yaml" for shelf in FOLDERS]
    paths += [Path(name)] if name.endswith(".yaml") else []
    return next((path for path in paths if path.is_file()), None)
