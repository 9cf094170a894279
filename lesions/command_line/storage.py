"""`lesions storage`."""

import os
import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lesions.command_line.written import JunitOption, MarkdownOption, write_judgement
from lesions.errors import InputError, cut_value
from lesions.stage.failure import DEBUG_VARIABLE, describe_error
from lesions.stage.run import exit_on_signals
from lesions.stage.tables import print_table

if TYPE_CHECKING:
    from lesions.storage.inspection import Inspection

SCP_SPELLING = re.compile(r"[^/\\:]+:")
"""How scp names a folder of another machine, `host:path`; a drive of Windows begins like this too."""


def storage(
    context: typer.Context,
    add: Annotated[str | None, typer.Option(help="Add a remote: its URL or folder. Nothing is compared.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="With --add: the address of a store like S3.")] = None,
    remote: Annotated[str | None, typer.Option(help="Another remote than the default one.")] = None,
    contents: Annotated[bool, typer.Option("--contents", help="Read every object, and compare its hash.")] = False,
    runs: Annotated[bool, typer.Option("--runs", help="Look for what earlier runs made too.")] = False,
    mend: Annotated[bool, typer.Option("--mend", help="Upload again what is wrong there and right here.")] = False,
    markdown: MarkdownOption = None,
    junit: JunitOption = None,
) -> None:
    """Compare dvc.lock and the .dvc files with the objects on the remote and in the cache.

    Each object that is missing, truncated or corrupted is named, with its stage, its file and what to do. Sizes are
    compared; with --contents everything is read, and a stopped run goes on where it was.

    Exits with 0 if all is there, with 1 if something is wrong, and with 2 if that cannot be told.
    """
    if add is not None:
        _add(_find_address(add, context.find_root().obj), endpoint)
        return
    if endpoint is not None:
        raise InputError("--endpoint is for --add, which sets up a remote")
    from lesions.storage.rendering import build_table, list_sentences, render_junit, render_markdown

    exit_on_signals()
    inspection = _inspect(remote, contents=contents, runs=runs, mend=mend)
    failures = write_judgement(((markdown, render_markdown(inspection)), (junit, render_junit(inspection))))
    print_table(build_table(inspection))
    print("\n".join([*failures, *list_sentences(inspection)]))
    status = inspection.exit_status
    raise typer.Exit(2 if failures and status == 0 else status)


def _find_address(typed: str, called_in: Path) -> str:
    """Return a typed relative folder as one from the project's folder, and all else as it is.

    A folder that begins with `~` is kept too: DVC looks for it in the home folder of whoever uses the remote.
    """
    if "://" in typed or typed.startswith("~") or Path(typed).is_absolute():
        return typed
    if SCP_SPELLING.match(typed):
        raise InputError(
            f"--add: {cut_value(typed)} is neither a URL nor a folder: a folder of another machine is "
            "ssh://USER@HOST/PATH, and one of this machine whose name has a colon is ./NAME"
        )
    return os.path.relpath(called_in / typed)


def _add(url: str, endpoint: str | None) -> None:
    from lesions.storage.remotes import add_remote

    name = add_remote(url, endpoint)
    print(
        f"added the remote {name} to .dvc/config, with `verify = true`. Credentials belong in .dvc/config.local "
        f"(dvc remote modify --local {name} …); then `dvc push --run-cache`, and `lesions storage`"
    )


def _inspect(remote: str | None, *, contents: bool, runs: bool, mend: bool) -> "Inspection":
    """Return what was found; an error of any kind is a judgement that it cannot tell."""
    # These import DVC; the other commands start without it.
    from lesions.storage.inspection import Inspection, inspect_storage

    try:
        return inspect_storage(remote, contents=contents, runs=runs, mend=mend)
    except Exception as error:  # noqa: BLE001
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
        return Inspection(remote or "by default", problems=(" ".join(describe_error(error).split()),))
