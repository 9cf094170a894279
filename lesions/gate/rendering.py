"""Render the judgement for a terminal, a pull request and a test report.

Names and messages can hold text of others, such as a base or a value in a file, and are escaped in each of the three.
"""

from xml.etree import ElementTree

from rich.table import Column, Table
from rich.text import Text

from lesions.formats.printable import escape_markdown, make_printable
from lesions.gate.outcomes import Change, Judgement, Row

COLUMNS = ("model", "metric", "base", "now", "change", "floor", "drop", "outcome")
"""`floor` and `drop` are the limits of the rule."""


def build_table(judgement: Judgement) -> Table:
    """Return the rows as a table for the terminal; only the outcome may be broken into lines."""
    *names, outcome = COLUMNS
    table = Table(*(Column(name, no_wrap=True) for name in names), outcome, box=None, padding=(0, 1, 0, 0))
    for row in judgement.rows:
        table.add_row(*(Text(make_printable(cell)) for cell in _cells(row)), style=_choose_style(row))
    return table


def list_sentences(judgement: Judgement, base: str) -> list[str]:
    """Return the problems, the notes and the judgement as lines for the terminal."""
    sentences = [f"{make_printable(sentence)}." for sentence in (*judgement.problems, *judgement.notes)]
    return [*sentences, f"gate beside {make_printable(base)}: {judgement.headline}"]


def render_markdown(judgement: Judgement, base: str) -> str:
    """Return the judgement as Markdown, for a comment on a pull request or a job summary."""
    compared = f"Test metrics, compared with those of {escape_markdown(base)}."
    lines = [f"## Metrics gate: {judgement.headline}", "", compared, ""]
    if judgement.rows:
        lines += ["| " + " | ".join(COLUMNS) + " |", "|---|---|---:|---:|---:|---:|---:|---|"]
        for row in judgement.rows:
            *cells, outcome = map(escape_markdown, _cells(row))
            lines.append(f"| {' | '.join(cells)} | {f'**{outcome}**' if row.is_failure else outcome} |")
        lines.append("")
    lines += [f"- {escape_markdown(sentence)}." for sentence in (*judgement.problems, *judgement.notes)]
    return "\n".join(lines).rstrip() + "\n"


def render_junit(judgement: Judgement) -> str:
    """Return the judgement as JUnit XML: one case per row, and one per problem; the notes are its output."""
    suite = ElementTree.Element(
        "testsuite",
        name="lesions gate",
        tests=str(len(judgement.rows) + len(judgement.problems)),
        failures=str(sum(row.is_failure for row in judgement.rows)),
        errors=str(sum(row.is_unknown for row in judgement.rows) + len(judgement.problems)),
    )
    for row in judgement.rows:
        model, metric, base, now, change, floor, drop, outcome = map(make_printable, _cells(row))
        case = ElementTree.SubElement(suite, "testcase", classname=f"gate.{model}", name=metric)
        message = f"{outcome}: {base} at the base, {now} now ({change}); floor {floor}, drop {drop}"
        if row.is_failure:
            ElementTree.SubElement(case, "failure", message=message)
        elif row.is_unknown:
            ElementTree.SubElement(case, "error", message=message)
    for number, problem in enumerate(judgement.problems, start=1):
        case = ElementTree.SubElement(suite, "testcase", classname="gate", name=f"problem {number}")
        ElementTree.SubElement(case, "error", message=make_printable(problem))
    if judgement.notes:
        notes = ElementTree.SubElement(suite, "system-out")
        notes.text = "\n".join(map(make_printable, judgement.notes))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    change = "–" if row.gain is None else f"{row.gain:+.4f}"
    worst = "≥" if row.rule.direction == "higher" else "≤"
    floor = "–" if row.rule.floor is None else f"{worst} {row.rule.floor:g}"
    drop = "–" if row.rule.largest_drop is None else f"{row.rule.largest_drop:g}"
    return (row.model, row.metric, _spell(row.base), _spell(row.now), change, floor, drop, row.outcome)


def _choose_style(row: Row) -> str | None:
    if row.is_failure:
        return "bold red"
    return "yellow" if row.is_unknown else "green" if row.change is Change.BETTER else None


def _spell(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
