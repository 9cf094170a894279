"""`lesions --version`."""

from importlib.metadata import version
from typing import Annotated

import typer


def _print_version(asked: bool) -> None:
    if asked:
        print(f"lesions {version('lesions')}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and exit.")
]
