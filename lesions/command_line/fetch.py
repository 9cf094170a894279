"""`lesions fetch`."""

from pathlib import Path
from typing import Annotated

import typer

from lesions.command_line.options import find_typed


def fetch(
    name: Annotated[str, typer.Argument(help="A published dataset; an unknown name lists the known ones.")],
    into: Annotated[
        Path | None, typer.Option(help="The folder; data/raw/NAME by default.", callback=find_typed)
    ] = None,
    mirror: Annotated[str | None, typer.Option(help="URL of a folder with copies of its files.")] = None,
) -> None:
    """Print the licence and the citation of a published dataset, then download it from its official source."""
    from lesions.fetching.fetch import fetch_dataset  # imports requests; the other commands start without it

    fetch_dataset(name, into or Path("data/raw") / name, mirror)
