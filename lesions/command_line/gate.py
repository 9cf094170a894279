"""`lesions gate`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lesions.command_line.options import PARAMS, ParamsOption, find_typed
from lesions.errors import InputError
from lesions.formats.atomic import write_text
from lesions.stage.failure import one_paragraph_errors


def gate(
    base: Annotated[str, typer.Option(help="The revision to compare with: a branch, tag, commit or experiment.")],
    markdown: Annotated[
        Path | None, typer.Option(help="Written: the judgement for a pull request.", callback=find_typed)
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(help="Written: the judgement as JUnit XML.", callback=find_typed)
    ] = None,
    params: ParamsOption = PARAMS,
) -> None:
    """Compare the workspace's test metrics with those of BASE, by the rules in `gate` of the parameter file.

    Exits with 0 if the metrics pass, with 1 on a regression, and with 2 if they cannot be compared.
    """
    with one_paragraph_errors(exit_status=2):
        raise typer.Exit(judge_workspace(base, params, markdown=markdown, junit=junit))


def judge_workspace(base: str, params: Path, *, markdown: Path | None, junit: Path | None) -> int:
    """Compare the workspace's metrics with those of a revision, show the judgement, and return the exit code."""
    # These import DVC; the other commands start without it.
    from lesions.gate.judgement import Judgement, judge_metrics
    from lesions.gate.rendering import build_table, render_junit, render_markdown
    from lesions.gate.revisions import read_revisions
    from lesions.gate.rules import read_rules

    rules = read_rules(params)
    try:
        commit, before, now = read_revisions(base)
        judgement = judge_metrics(before, now, rules)
        base = f"{base} ({commit[:10]})"
    except InputError as error:
        judgement = Judgement(rows=(), problems=(str(error),))
    for path, text in ((markdown, render_markdown(judgement, base)), (junit, render_junit(judgement))):
        if path is not None:
            write_text(path, text)
    if judgement.rows:
        Console().print(build_table(judgement))
    for problem in judgement.problems:
        print(f"{problem}.")
    print(f"gate beside {base}: {judgement.headline}")
    return judgement.exit_status
