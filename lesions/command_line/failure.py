"""How a failure looks on the command line."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from lesions.errors import InputError


@contextmanager
def one_paragraph_errors(exit_status: int = 1) -> Iterator[None]:
    """Show an `InputError` or a missing file as one paragraph, and leave.

    With `LESIONS_DEBUG=1` in the environment the error goes on, with its traceback.
    """
    try:
        yield
    except (InputError, FileNotFoundError) as error:
        if os.environ.get("LESIONS_DEBUG"):
            raise
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", markup=False, highlight=False)
        sys.exit(exit_status)
