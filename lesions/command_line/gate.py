"""`lesions gate`: read, judge, show."""

from pathlib import Path

from rich.console import Console

from lesions.errors import InputError
from lesions.formats.atomic import write_text
from lesions.gate.judgement import Judgement, judge_metrics
from lesions.gate.rendering import build_table, render_junit, render_markdown
from lesions.gate.revisions import read_revisions
from lesions.gate.rules import read_rules


def run_gate(base: str, params: Path, *, markdown: Path | None, junit: Path | None) -> int:
    """Judge the workspace's metrics by those of a revision, show and write the judgement, return its exit status."""
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
