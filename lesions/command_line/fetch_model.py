"""`lesions fetch-model`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from lesions.formats.printable import make_printable
from lesions.registry.fetch import Fetched
from lesions.registry.fetch import fetch_model as fetch
from lesions.registry.tags import parse_reference


def fetch_model(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME[@VERSION|#STAGE]", help="The model; by default the newest.")],
    repository: Annotated[
        str, typer.Option("--from", help="The git repository that released it: https://…, file:///… or a folder.")
    ],
    verify: Annotated[
        Path | None,
        typer.Option(metavar="ALLOWED_SIGNERS", help="Refuse what none of these signed; as for ssh-keygen."),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Take it from the cache; needs a version.")] = False,
) -> None:
    """Fetch a released model, check its size and sha256, and print where its file is.

    It is kept in a cache below XDG_CACHE_HOME, by default ~/.cache/lesions/models, and is not fetched again.
    """
    os.chdir(context.obj or ".")  # the program entered the project's folder; paths are typed from the former one
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        fetched = fetch(
            parse_reference(name), repository, allowed_signers=verify, is_offline=offline, progress=progress
        )
    print(make_printable(describe(fetched)), file=sys.stderr)
    print(fetched.path)


def describe(fetched: Fetched) -> str:
    """Return what was fetched, and what is known of who made it."""
    manifest = fetched.manifest
    signed = "signed, and not checked by whom (--verify)" if fetched.is_signed else "not signed"
    if fetched.signer is not None:
        signed = f"signed by {fetched.signer}"
    return (
        f"{manifest.name}@{manifest.version}, {manifest.size_bytes:,} bytes, made of {manifest.commit[:10]}; {signed}"
    )
