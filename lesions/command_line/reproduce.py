"""`lesions reproduce`."""

import os
import signal
import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from lesions.command_line.written import JunitOption, MarkdownOption, write_judgement
from lesions.errors import cut_value
from lesions.hardware.system import check_posix
from lesions.stage.failure import DEBUG_VARIABLE, describe_error
from lesions.stage.run import exit_on_signal
from lesions.stage.tables import print_table

if TYPE_CHECKING:
    from lesions.reproduction.reproduce import Reproduction


def reproduce(
    rev: Annotated[str, typer.Option(help="The revision: a branch, tag, commit or experiment.")] = "HEAD",
    markdown: MarkdownOption = None,
    junit: JunitOption = None,
) -> None:
    """Run the pipeline of a revision anew, in a clone of its own, and compare each stage with what REV records.

    The workspace and DVC's cache stay as they are. The clone is in the system's folder for temporary files, which
    TMPDIR names, and is removed at the end.

    Exits with 0 if all has the same bits, with 3 if all scores are the same within rounding or within the intervals
    that REV stores, with 1 if a stage is different, and with 2 if there is nothing to compare.
    """
    from lesions.reproduction.rendering import build_tables, list_sentences, render_junit, render_markdown

    signal.signal(signal.SIGTERM, exit_on_signal)
    reproduction = _reproduce(rev)
    failures = write_judgement(((markdown, render_markdown(reproduction)), (junit, render_junit(reproduction))))
    for table in build_tables(reproduction):
        print_table(table)
    print("\n".join([*failures, *list_sentences(reproduction)]))
    status = reproduction.judgement.exit_status
    raise typer.Exit(2 if failures and status == 0 else status)


def _reproduce(revision: str) -> "Reproduction":
    """Return what became of a revision; an error of any kind is a judgement that it cannot tell."""
    # These import DVC; the other commands start without it.
    from lesions.reproduction.judgement import Judgement
    from lesions.reproduction.reproduce import Reproduction, reproduce_revision

    try:
        check_posix("lesions reproduce")
        return reproduce_revision(revision)
    except Exception as error:  # noqa: BLE001
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
        return Reproduction(cut_value(revision), Judgement((), (" ".join(describe_error(error).split()),)), {}, {})
