"""`lesions preset`."""

from pathlib import Path
from typing import Annotated

import typer

from lesions.command_line.options import PARAMS, ParamsOption, find_typed
from lesions.formats.atomic import write_text
from lesions.parameters.composition import compose_parameters
from lesions.parameters.differences import list_changed, list_lost
from lesions.parameters.presets import DEFAULT
from lesions.parameters.section import load_parameters

PRESETS = Path("presets")


def preset(
    names: Annotated[
        list[str], typer.Argument(help="Files in presets/ or its folders, without .yaml; applied in this order.")
    ],
    root: Annotated[
        Path | None, typer.Option(help="The dataset's folder; becomes dataset.root.", callback=find_typed)
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="A dataset to use instead of that of the presets.")] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Do not keep the current sections about, dataset and task.")
    ] = False,
    params: ParamsOption = PARAMS,
) -> None:
    """Write the parameter file: presets/default.yaml with presets applied to it; list the lost parameters first."""
    present = load_parameters(params)
    folder = None if root is None else str(root)
    sections, text = compose_parameters(params, names, PRESETS, root=folder, dataset=dataset, reset=reset)
    lost = list_lost(present, load_parameters(PRESETS / DEFAULT), sections)
    if lost:
        print(f"{params}: these parameters differ from the defaults and are overwritten:")
    for line in lost:
        print(f"{params}: lost: {line}")
    write_text(params, text)
    changed = list_changed(present, sections)
    print(f"{params}: changed {', '.join(changed)}" if changed else f"{params}: already equals {' '.join(names)}")
