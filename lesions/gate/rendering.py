"""Render the judgement for a terminal, a pull request and a test report.

Names and messages can hold text of others, such as a base or a value in a file, and are escaped in each of the three.
"""

from collections.abc import Sequence

from rich.table import Column, Table
from rich.text import Text

from lesions.evaluation.non_inferiority import Verdict
from lesions.formats.junit import Case, render_suite
from lesions.formats.markdown import list_table
from lesions.formats.printable import escape_markdown, make_printable
from lesions.gate.outcomes import Change, Judgement, ReleaseRow, Row
from lesions.gate.rules import Rule

COLUMNS = ("model", "metric", "base", "now", "change", "floor", "drop", "outcome")
"""`floor` and `drop` are the limits of the rule."""

RELEASE_COLUMNS = ("model", "metric", "release", "now", "change", "at worst", "outcome")
"""`at worst` is the lower bound of the interval of the gain."""


def build_tables(judgement: Judgement) -> list[Table]:
    """Return the rows as tables for the terminal: the comparison with the base, and with the release if there is one.

    Only the outcome may be broken into lines.
    """
    tables = [_build_table(COLUMNS, judgement.rows)]
    if judgement.since_release:
        tables.append(_build_table(RELEASE_COLUMNS, judgement.since_release))
    return tables


def _build_table(columns: Sequence[str], rows: Sequence[Row | ReleaseRow]) -> Table:
    *names, outcome = columns
    table = Table(*(Column(name, no_wrap=True) for name in names), outcome, box=None, padding=(0, 1, 0, 0))
    for row in rows:
        table.add_row(*(Text(make_printable(cell)) for cell in _cells(row)), style=_choose_style(row))
    return table


def list_sentences(judgement: Judgement, compared: str) -> list[str]:
    """Return the problems, the notes and the judgement as lines for the terminal.

    Parameters
    ----------
    judgement
        The judgement.
    compared
        What was compared with, in words.
    """
    sentences = [f"{make_printable(sentence)}." for sentence in (*judgement.problems, *judgement.notes)]
    return [*sentences, f"gate beside {make_printable(compared)}: {judgement.headline}"]


def render_markdown(judgement: Judgement, compared: str) -> str:
    """Return the judgement as Markdown, for a comment on a pull request or a job summary."""
    words = f"Test metrics, compared with those of {escape_markdown(compared)}."
    lines = [f"## Metrics gate: {judgement.headline}", "", words, ""]
    for columns, rows in ((COLUMNS, judgement.rows), (RELEASE_COLUMNS, judgement.since_release)):
        lines += list_table(columns, map(_spell_markdown, rows), right=columns[2:-1])
    lines += [f"- {escape_markdown(sentence)}." for sentence in (*judgement.problems, *judgement.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _spell_markdown(row: Row | ReleaseRow) -> list[str]:
    *cells, outcome = map(escape_markdown, _cells(row))
    return [*cells, f"**{outcome}**" if row.is_failure else outcome]


def render_junit(judgement: Judgement) -> str:
    """Return the judgement as JUnit XML: one case per row, and one per problem; the notes are its output."""
    cases = [
        Case(
            f"gate.{row.model}",
            _name_case(row),
            failure=_describe_row(row) if row.is_failure else None,
            error=_describe_row(row) if row.is_unknown else None,
        )
        for row in judgement.all_rows
    ]
    problems = [
        Case("gate", f"problem {number}", error=problem) for number, problem in enumerate(judgement.problems, start=1)
    ]
    return render_suite("lesions gate", [*cases, *problems], judgement.notes)


def _name_case(row: Row | ReleaseRow) -> str:
    return f"{row.metric} since the release" if isinstance(row, ReleaseRow) else row.metric


def _describe_row(row: Row | ReleaseRow) -> str:
    _, _, earlier, now, change, *limits, outcome = _cells(row)
    if isinstance(row, ReleaseRow):
        return f"{outcome}: {earlier} at the release, {now} now ({change}, at worst {limits[0]})"
    return f"{outcome}: {earlier} at the base, {now} now ({change}); floor {limits[0]}, drop {limits[1]}"


def _cells(row: Row | ReleaseRow) -> tuple[str, ...]:
    if isinstance(row, ReleaseRow):
        earlier, limits = row.release, [_spell_change(row.low)]
    else:
        earlier, limits = row.base, _spell_limits(row.rule)
    figures = (_spell(earlier), _spell(row.now), _spell_change(row.gain))
    return (row.model, row.metric, *figures, *limits, row.outcome)


def _spell_limits(rule: Rule) -> list[str]:
    worst = "≥" if rule.direction == "higher" else "≤"
    floor = "–" if rule.floor is None else f"{worst} {rule.floor:g}"
    return [floor, "–" if rule.largest_drop is None else f"{rule.largest_drop:g}"]


def _choose_style(row: Row | ReleaseRow) -> str | None:
    if row.is_failure:
        return "bold red"
    is_better = (row.verdict is Verdict.BETTER) if isinstance(row, ReleaseRow) else row.change is Change.BETTER
    return "yellow" if row.is_unknown else "green" if is_better else None


def _spell(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _spell_change(value: float | None) -> str:
    return "–" if value is None else f"{value:+.4f}"
