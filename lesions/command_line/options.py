"""Options that several commands share, and paths that are typed."""

import os
from pathlib import Path
from typing import Annotated

import typer


def find_typed(context: typer.Context, option: typer.CallbackParam, path: Path | None) -> Path | None:
    """Return a typed path as one from the project's folder; a default is one already, and an absolute path stays.

    The program runs in the project's folder. Its callback keeps the folder in which it was called as `context.obj`.
    """
    called_in = context.find_root().obj
    source = context.get_parameter_source(str(option.name))
    is_typed = source is not None and source.name == "COMMANDLINE"
    if path is None or path.is_absolute() or called_in in (None, Path.cwd()) or not is_typed:
        return path
    return Path(os.path.relpath(called_in / path))


def find_all_typed(
    context: typer.Context, option: typer.CallbackParam, paths: list[Path] | None
) -> list[Path] | None:
    """Return typed paths as `find_typed` does."""
    found = [find_typed(context, option, path) for path in paths or ()]
    return [path for path in found if path is not None] or None


ParamsOption = Annotated[Path, typer.Option(help="The parameter file.", callback=find_typed)]

PARAMS = Path("params.yaml")
