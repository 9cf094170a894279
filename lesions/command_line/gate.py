"""`lesions gate`."""

import os
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lesions.command_line.options import PARAMS, ParamsOption
from lesions.command_line.written import JunitOption, MarkdownOption, write_judgement
from lesions.errors import cut_value
from lesions.stage.failure import DEBUG_VARIABLE, describe_error, one_paragraph_errors
from lesions.stage.tables import print_table

if TYPE_CHECKING:
    from lesions.gate.outcomes import Judgement
    from lesions.gate.revisions import RulesOf


def gate(
    base: Annotated[str, typer.Option(help="The revision to compare with: a branch, tag, commit or experiment.")],
    markdown: MarkdownOption = None,
    junit: JunitOption = None,
    rules: Annotated[
        Literal["base", "workspace"],
        typer.Option(help="Whose rules count. Those of the base cannot be changed by what is judged."),
    ] = "base",
    params: ParamsOption = PARAMS,
) -> None:
    """Compare the workspace's test metrics with those of BASE, by the rules in `gate` of the base's parameter file.

    Rules that differ between the two are listed. Where a rule has `not_worse_by`, the metrics are also compared with
    those of the last release (`gate.release`).

    Exits with 0 if the metrics pass, with 1 on a regression, and with 2 if they cannot be compared.
    """
    with one_paragraph_errors(exit_status=2):
        raise typer.Exit(judge_workspace(base, params, rules, markdown=markdown, junit=junit))


def judge_workspace(
    base: str, params: Path, rules_of: "RulesOf", *, markdown: Path | None, junit: Path | None
) -> int:
    """Compare the workspace's metrics with those of a revision, show the judgement, and return the exit code.

    Both files are written whatever goes wrong, because the next step of a workflow reads them.
    """
    from lesions.gate.rendering import build_tables, list_sentences, render_junit, render_markdown

    judgement, compared = _judge(base, params, rules_of)
    failures = write_judgement(((markdown, render_markdown(judgement, compared)), (junit, render_junit(judgement))))
    for table in build_tables(judgement):
        print_table(table)
    print("\n".join([*failures, *list_sentences(judgement, compared)]))
    return 2 if failures and not judgement.exit_status else judgement.exit_status


def _judge(base: str, params: Path, rules_of: "RulesOf") -> tuple["Judgement", str]:
    """Return the judgement, and what was compared with, in words.

    An error of any kind is a judgement that it cannot tell.
    """
    # These import DVC; the other commands start without it.
    from lesions.gate.judgement import judge_metrics
    from lesions.gate.outcomes import Judgement
    from lesions.gate.revisions import read_revisions

    try:
        found = read_revisions(base, params, rules_of)
        judgement = judge_metrics(found.base, found.now, found.rules, found.release)
        changes = [f"rule changed: {change}; that of the {rules_of} counts" for change in found.changed_rules]
        return replace(judgement, notes=(*changes, *judgement.notes)), found.names
    except Exception as error:  # noqa: BLE001
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
        return Judgement(rows=(), problems=(" ".join(describe_error(error).split()),)), cut_value(base)
