"""`lesions gate`."""

import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lesions.command_line.options import PARAMS, ParamsOption
from lesions.command_line.written import JunitOption, MarkdownOption, write_judgement
from lesions.errors import cut_value
from lesions.stage.failure import DEBUG_VARIABLE, describe_error, one_paragraph_errors
from lesions.stage.tables import print_table

if TYPE_CHECKING:
    from lesions.gate.outcomes import Judgement


def gate(
    base: Annotated[str, typer.Option(help="The revision to compare with: a branch, tag, commit or experiment.")],
    markdown: MarkdownOption = None,
    junit: JunitOption = None,
    params: ParamsOption = PARAMS,
) -> None:
    """Compare the workspace's test metrics with those of BASE, by the rules in `gate` of the parameter file.

    Where a rule has `not_worse_by`, they are also compared with those of the last release (`gate.release`).

    Exits with 0 if the metrics pass, with 1 on a regression, and with 2 if they cannot be compared.
    """
    with one_paragraph_errors(exit_status=2):
        raise typer.Exit(judge_workspace(base, params, markdown=markdown, junit=junit))


def judge_workspace(base: str, params: Path, *, markdown: Path | None, junit: Path | None) -> int:
    """Compare the workspace's metrics with those of a revision, show the judgement, and return the exit code.

    Both files are written whatever goes wrong, because the next step of a workflow reads them.
    """
    from lesions.gate.rendering import build_tables, list_sentences, render_junit, render_markdown

    judgement, compared = _judge(base, params)
    failures = write_judgement(((markdown, render_markdown(judgement, compared)), (junit, render_junit(judgement))))
    for table in build_tables(judgement):
        print_table(table)
    print("\n".join([*failures, *list_sentences(judgement, compared)]))
    return 2 if failures and not judgement.exit_status else judgement.exit_status


def _judge(base: str, params: Path) -> tuple["Judgement", str]:
    """Return the judgement, and what was compared with, in words.

    An error of any kind is a judgement that it cannot tell.
    """
    # These import DVC; the other commands start without it.
    from lesions.gate.judgement import judge_metrics
    from lesions.gate.outcomes import Judgement
    from lesions.gate.revisions import read_revisions
    from lesions.gate.rules import read_release, read_rules

    try:
        rules = read_rules(params)
        found = read_revisions(base, read_release(params))
        return judge_metrics(found.base, found.now, rules, found.release), found.names
    except Exception as error:  # noqa: BLE001
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
        return Judgement(rows=(), problems=(" ".join(describe_error(error).split()),)), cut_value(base)
