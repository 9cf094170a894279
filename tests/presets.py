"""The project's presets, for tests to lay over a parameter file of their own."""

import shutil
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from lesions.formats.atomic import write_text
from lesions.parameters.composition import compose_parameters
from tests.builders import ROOT

FOLDER = ROOT / "presets"
NAMES = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.yaml"))
DEFAULT = (FOLDER / "default.yaml").read_text(encoding="utf-8")
DEFAULTS: dict[str, Any] = YAML(typ="safe").load(DEFAULT)


def write_default(folder: Path) -> Path:
    """Write the parameters as they are shipped into a folder, and return the file."""
    shutil.copy(FOLDER / "default.yaml", folder / "params.yaml")
    return folder / "params.yaml"


@cache
def render_presets(*names: str, root: str | None = None) -> str:
    """Return the text of the shipped parameters with presets of the project over them."""
    _, text = compose_parameters(FOLDER / "default.yaml", names, FOLDER, root=root)
    return text


@cache
def load_presets(*names: str, root: str | None = None) -> dict[str, Any]:
    """Return the shipped parameters with presets of the project over them; tests change nothing in them."""
    return YAML(typ="safe").load(render_presets(*names, root=root))


def write_presets(folder: Path, *names: str, root: str | None = None) -> Path:
    """Write the shipped parameters with presets of the project over them into a folder, and return the file."""
    path = folder / "params.yaml"
    write_text(path, render_presets(*names, root=root))
    return path


def lay_presets(params: Path, *names: str, **options: Any) -> dict[str, Any]:
    """Lay presets of the project as `lesions preset` does, and return the parameters that the file then holds."""
    _, text = compose_parameters(params, names, FOLDER, **options)
    write_text(params, text)
    return load(params)


def load(params: Path) -> dict[str, Any]:
    """Read a parameter file as it is now."""
    return YAML(typ="safe").load(params)
