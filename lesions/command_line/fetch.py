"""`lesions fetch`."""

from pathlib import Path
from typing import Annotated

import typer


def fetch(
    name: Annotated[str, typer.Argument(help="A published dataset; a wrong name is answered with the known ones.")],
    into: Annotated[Path | None, typer.Option(help="The folder; data/raw/NAME by default.")] = None,
    mirror: Annotated[str | None, typer.Option(help="Address of a folder that has copies of its files.")] = None,
) -> None:
    """Download a published dataset from its official place, after its licence and how to cite it."""
    from lesions.fetching.fetch import fetch_dataset  # imports requests; the other commands start without it

    fetch_dataset(name, into or Path("data/raw") / name, mirror)
