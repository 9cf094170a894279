"""Render an inspection for a terminal, a pull request and a test report."""

from collections.abc import Sequence

from rich.table import Column, Table
from rich.text import Text

from lesions.formats.junit import Case, render_suite
from lesions.formats.markdown import list_table
from lesions.formats.printable import escape_markdown, make_printable
from lesions.storage.inspection import Finding, Inspection

COLUMNS = ("where", "fault", "stage", "file", "object", "what to do")

MAX_ROWS = 50
"""Findings that tables show; the test report has all."""


def build_table(inspection: Inspection) -> Table:
    """Return the first findings as a table for the terminal."""
    table = Table(*(Column(name, no_wrap=name != COLUMNS[-1]) for name in COLUMNS), box=None, padding=(0, 1, 0, 0))
    for finding in inspection.findings[:MAX_ROWS]:
        table.add_row(*(Text(make_printable(cell)) for cell in _cells(finding)), style="bold red")
    return table


def list_sentences(inspection: Inspection) -> list[str]:
    """Return what else was found, and the judgement, as lines for the terminal."""
    sentences = [f"{make_printable(sentence)}." for sentence in _list_words(inspection)]
    return [*sentences, f"remote {make_printable(inspection.remote)}: {inspection.headline}"]


def render_markdown(inspection: Inspection) -> str:
    """Return the inspection as Markdown, for a job summary."""
    lines = [f"## Storage: {inspection.headline}", "", f"Remote {escape_markdown(inspection.remote)}.", ""]
    rows = ([escape_markdown(cell) for cell in _cells(finding)] for finding in inspection.findings[:MAX_ROWS])
    lines += list_table(COLUMNS, rows)
    lines += [f"- {escape_markdown(sentence)}." for sentence in _list_words(inspection)]
    return "\n".join(lines).rstrip() + "\n"


def render_junit(inspection: Inspection) -> str:
    """Return the inspection as JUnit XML: one case per finding, per unsafe setting and per problem."""
    cases = [
        Case(f"storage.{finding.stored.files[0].stage}", f"{finding.stored.name} on {place}", failure=_spell(finding))
        for finding in inspection.findings
        for place in [finding.place]
    ]
    cases += [Case("storage", f"setting {n}", failure=text) for n, text in enumerate(inspection.unsafe, start=1)]
    cases += [Case("storage", f"problem {n}", error=text) for n, text in enumerate(inspection.problems, start=1)]
    whole = [] if inspection.problems else [Case("storage", inspection.headline)]
    return render_suite("lesions storage", cases or whole, inspection.notes)


def _list_words(inspection: Inspection) -> Sequence[str]:
    hidden = len(inspection.findings) - MAX_ROWS
    more = [f"{hidden:,} more are not shown here; `--junit FILE` has all"] if hidden > 0 else []
    return [*more, *inspection.problems, *inspection.unsafe, *inspection.notes]


def _cells(finding: Finding) -> tuple[str, ...]:
    first, *others = finding.stored.files
    file = f"{first.path} and {len(others):,} more" if others else first.path
    return finding.place, finding.fault.value, first.stage, file, finding.stored.name, finding.advice


def _spell(finding: Finding) -> str:
    _, fault, _, file, _, advice = _cells(finding)
    return f"{fault}: {file}; {advice}"
