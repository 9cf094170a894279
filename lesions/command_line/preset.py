"""`lesions preset`."""

from pathlib import Path
from typing import Annotated

import typer

from lesions.command_line.options import PARAMS, ParamsOption
from lesions.errors import InputError
from lesions.parameters.overlay import lay_over
from lesions.parameters.section import read_parameters

PRESETS = Path("presets")


def preset(
    name: Annotated[str, typer.Argument(help="A file in presets/, without .yaml.")],
    root: Annotated[str | None, typer.Option(help="The dataset's folder; becomes dataset.root.")] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Another dataset than the preset's; becomes dataset.names.")
    ] = None,
    params: ParamsOption = PARAMS,
) -> None:
    """Lay a preset over the parameter file; its comments stay, and `git diff` shows what changed."""
    path = PRESETS / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in PRESETS.glob("*.yaml")))
        raise InputError(f"there is no preset {name!r} in {PRESETS}/; known are {known}")
    overlay = read_parameters(path)
    if root is None and "root" not in overlay["dataset"]:
        raise InputError(f"the preset {name} needs the folder of {overlay['dataset']['names'][0]}: add --root FOLDER")
    # How another dataset is read, the parameters say already.
    section = overlay["dataset"] if dataset is None else {"names": [dataset]}
    overlay = overlay | {"dataset": section | ({} if root is None else {"root": root})}
    changed = lay_over(params, overlay)
    print(f"{params}: changed {', '.join(changed)}" if changed else f"{params}: already as {name} wants it")
