"""Showing errors on the command line."""

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
"""Environment variable; 1 shows errors with their tracebacks. The option `--debug` sets it."""


def _show_tracebacks(asked: bool) -> None:
    if asked:
        os.environ[DEBUG_VARIABLE] = "1"


DebugOption = Annotated[
    bool, typer.Option("--debug", callback=_show_tracebacks, help="Show errors with their tracebacks.")
]

FULL_DISK = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def one_paragraph_errors(exit_status: int = 1) -> Iterator[None]:
    """Print any error as one paragraph and exit; if `LESIONS_DEBUG` is set, show its traceback instead."""
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
    """Return what went wrong and what to do about it."""
    if isinstance(error, InputError | FileNotFoundError):
        return str(error)
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return (
            f"{error.filename or 'the disk'}: {error.strerror}. All earlier files are complete, and no partial file "
            "is left: make room (`dvc gc --workspace` removes from DVC's cache what no current file needs) and run "
            "the same command again; a training resumes after its last finished epoch"
        )
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text} (unexpected: {DEBUG_VARIABLE}=1 or --debug shows the traceback)"
