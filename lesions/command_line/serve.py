"""`lesions serve`."""

import ipaddress
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from lesions.service.app import build_app
from lesions.service.running import listen, run
from lesions.service.settings import TOKEN_VARIABLE, Settings, read_token
from lesions.serving.model import load_model

MEGA = 1_000_000


def serve(
    context: typer.Context,
    models: Annotated[list[Path], typer.Argument(metavar="MODEL", help="Exported models; the first is the default.")],
    host: Annotated[str, typer.Option(help="The address that is listened on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0 for any that is free.")] = 8000,
    max_megabytes: Annotated[float, typer.Option(min=0.001, help="The largest body of a request.")] = 32,
    max_files: Annotated[int, typer.Option(min=1, help="The number of images in a request.")] = 16,
    max_waiting: Annotated[int, typer.Option(min=1, help="The number of images that may wait at once.")] = 256,
    max_seconds: Annotated[
        float, typer.Option(min=0.1, help="How long a body may take to arrive, and then its answer to be there.")
    ] = 30,
    max_megapixels: Annotated[
        float | None, typer.Option(min=0.001, help="The largest image, if less than the model allows.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="How many threads a network has; by default one for each processor.")
    ] = None,
) -> None:
    """Answer for images over HTTP, on this machine only unless told otherwise.

    The page is at /, and what programs may ask at /openapi.json. If LESIONS_TOKEN is set, it must be sent along.
    """
    os.chdir(context.obj or ".")  # as in `lesions predict`
    settings = Settings(
        max_bytes=round(max_megabytes * MEGA),
        max_files=max_files,
        max_waiting=max_waiting,
        max_seconds=max_seconds,
        max_megapixels=max_megapixels,
        token=read_token(os.environ),
    )
    loaded = [load_model(path, num_threads=threads) for path in models]
    app = build_app(loaded, settings, num_threads=threads)
    listening = listen(host, port)
    if settings.token is None and not is_loopback(host):
        print(f"everybody who reaches {host} is answered: set {TOKEN_VARIABLE} to ask for a token", file=sys.stderr)
    shown = f"[{host}]" if ":" in host else host
    print(f"{', '.join(each.id for each in loaded)} at http://{shown}:{listening.getsockname()[1]}/", flush=True)
    run(app, listening, settings)


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
