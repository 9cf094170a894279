"""Render the judgement for a terminal, a pull request and a test report."""

from xml.etree import ElementTree

from rich.table import Column, Table

from lesions.gate.judgement import FAILURES, Judgement, Outcome, Row

COLUMNS = ("model", "metric", "base", "now", "change", "floor", "drop", "outcome")
"""`floor` and `drop` are the limits of the rule."""

STYLES = dict.fromkeys(FAILURES, "bold red") | {Outcome.BETTER: "green", Outcome.UNKNOWN: "yellow"}


def build_table(judgement: Judgement) -> Table:
    """Return the rows as a table for the terminal."""
    table = Table(*(Column(name, overflow="fold") for name in COLUMNS), box=None, padding=(0, 1, 0, 0))
    for row in judgement.rows:
        table.add_row(*_cells(row), style=STYLES.get(row.outcome))
    return table


def render_markdown(judgement: Judgement, base: str) -> str:
    """Return the judgement as Markdown, for a comment on a pull request or a job summary."""
    lines = [f"## Metrics gate: {judgement.headline}", "", f"Test metrics, compared with those of `{base}`.", ""]
    if judgement.rows:
        lines += ["| " + " | ".join(COLUMNS) + " |", "|---|---|---:|---:|---:|---:|---:|---|"]
        for row in judgement.rows:
            *cells, outcome = _cells(row)
            lines.append(f"| {' | '.join(cells)} | {f'**{outcome}**' if row.outcome in FAILURES else outcome} |")
        lines.append("")
    lines += [f"- {problem}." for problem in judgement.problems]
    return "\n".join(lines).rstrip() + "\n"


def render_junit(judgement: Judgement) -> str:
    """Return the judgement as JUnit XML: one case per row, and one per problem."""
    num_failed = sum(row.outcome in FAILURES for row in judgement.rows)
    num_unknown = sum(row.outcome is Outcome.UNKNOWN for row in judgement.rows)
    suite = ElementTree.Element(
        "testsuite",
        name="lesions gate",
        tests=str(len(judgement.rows) + len(judgement.problems)),
        failures=str(num_failed),
        errors=str(num_unknown + len(judgement.problems)),
    )
    for row in judgement.rows:
        case = ElementTree.SubElement(suite, "testcase", classname=f"gate.{row.model}", name=row.metric)
        _, _, base, now, change, floor, drop, outcome = _cells(row)
        message = f"{outcome}: {base} at the base, {now} now ({change}); floor {floor}, drop {drop}"
        if row.outcome in FAILURES:
            ElementTree.SubElement(case, "failure", message=message)
        elif row.outcome is Outcome.UNKNOWN:
            ElementTree.SubElement(case, "error", message=message)
    for number, problem in enumerate(judgement.problems, start=1):
        case = ElementTree.SubElement(suite, "testcase", classname="gate", name=f"problem {number}")
        ElementTree.SubElement(case, "error", message=problem)
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    change = "–"
    if row.base is not None and row.now is not None:
        change = f"{row.now - row.base:+.4f}"
    worst = "≥" if row.rule.direction == "higher" else "≤"
    floor = "–" if row.rule.floor is None else f"{worst} {row.rule.floor:g}"
    drop = "–" if row.rule.largest_drop is None else f"{row.rule.largest_drop:g}"
    return (row.model, row.metric, _spell(row.base), _spell(row.now), change, floor, drop, str(row.outcome))


def _spell(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
