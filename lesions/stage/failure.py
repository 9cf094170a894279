"""How a failure looks on the command line."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from lesions.errors import InputError

DEBUG_VARIABLE = "LESIONS_DEBUG"
"""Set to 1 in the environment, it has errors shown with their tracebacks; `--debug` sets it."""


def _show_tracebacks(asked: bool) -> None:
    if asked:
        os.environ[DEBUG_VARIABLE] = "1"


DebugOption = Annotated[
    bool, typer.Option("--debug", callback=_show_tracebacks, help="Show errors with their tracebacks.")
]

FULL_DISK = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def one_paragraph_errors(exit_status: int = 1) -> Iterator[None]:
    """Show any error as one paragraph, and leave; with its traceback where `LESIONS_DEBUG` is set."""
    try:
        yield
    except typer.Exit:
        raise
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        Console(stderr=True, soft_wrap=True).print(f"error: {describe_error(error)}", markup=False, highlight=False)
        sys.exit(exit_status)


def describe_error(error: Exception) -> str:
    """Say what went wrong, and what to do."""
    if isinstance(error, InputError | FileNotFoundError):
        return str(error)
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return (
            f"{error.filename}: {error.strerror}. What was written before is whole, nothing half-written is left: "
            "make room (`dvc gc --workspace` takes what no present file needs out of DVC's cache) and run the same "
            "command again; a training goes on after its last finished epoch"
        )
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text} (not foreseen: {DEBUG_VARIABLE}=1 or --debug shows where it arose)"
