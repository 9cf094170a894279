"""`lesions release`."""

from pathlib import Path
from typing import Annotated

import typer

from lesions.command_line.options import PARAMS, find_typed


def release(
    name: Annotated[str, typer.Argument(help="A model or an ensemble that is exported.")],
    version: Annotated[str, typer.Option(help="Its new version, such as 1.2.0.")],
    address: Annotated[
        str | None, typer.Option(help="Where users get model.onnx: https://…; by default from DVC's remote.")
    ] = None,
    sign: Annotated[
        Path | None, typer.Option(metavar="KEY", help="Sign the manifest with this SSH key.", callback=find_typed)
    ] = None,
) -> None:
    """Release a model: commit its card and manifest, and tag the commit as GTO does. Nothing is pushed.

    It is refused unless the workspace is committed and pushed, dvc.lock is of it, the gate passes beside the last
    release, the file predicts as its networks do, and no licence forbids it.
    """
    from lesions.release.release import release_model  # imports DVC; the other commands start without it

    released = release_model(name, version, address=address, key=sign, params=PARAMS)
    beside = f"the gate passed beside {released.earlier}"
    print(f"{released.tag}: {beside if released.earlier else 'the first release, so the gate had its floors alone'}")
    print(f"users get the file from {released.manifest.address}")
    print(f"publish it: {released.push}")
