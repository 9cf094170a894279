"""Writing what a check found, for the next step of a workflow."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from lesions.command_line.options import find_typed
from lesions.formats.atomic import write_text
from lesions.stage.failure import describe_error

MarkdownOption = Annotated[
    Path | None, typer.Option(help="Written: the judgement for a pull request.", callback=find_typed)
]
JunitOption = Annotated[Path | None, typer.Option(help="Written: the judgement as JUnit XML.", callback=find_typed)]


def write_judgement(files: Iterable[tuple[Path | None, str]]) -> list[str]:
    """Write each text into its file, if one is asked for, and return in words what could not be written."""
    failures = []
    for path, text in files:
        try:
            if path is not None:
                write_text(path, text)
        except OSError as error:
            failures.append(describe_error(error))
    return failures
