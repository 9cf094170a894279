"""`lesions promote`."""

from typing import Annotated

import typer


def promote(
    version: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="A released version.")],
    stage: Annotated[str, typer.Option(help="The stage, such as prod.")],
) -> None:
    """Put a released version into a stage, by a tag as GTO makes it. Nothing is pushed."""
    from lesions.release.promotion import promote_version  # imports requests; the other commands start without it

    promoted = promote_version(version, stage)
    print(f"{promoted.tag}: {promoted.former or 'nothing'} was in the stage {stage} before")
    print(f"publish it: git push origin 'refs/tags/{promoted.tag}'")
