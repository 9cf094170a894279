"""Render what became of a revision for a terminal, a pull request and a test report."""

from collections.abc import Iterator

from rich.table import Column, Table
from rich.text import Text

from lesions.errors import cut_value
from lesions.formats.junit import Case, render_suite
from lesions.formats.markdown import list_table
from lesions.formats.printable import escape_markdown, make_printable
from lesions.reproduction.judgement import StageRow, Verdict
from lesions.reproduction.recorded import iterate_figures
from lesions.reproduction.reproduce import Machine, Reproduction

COLUMNS = ("stage", "verdict", "reason")
STYLES = {Verdict.WITHIN_INTERVAL: "yellow", Verdict.DIFFERENT: "bold red"}
ABSENT = "–"
INSTRUCTIONS = "instruction_sets"


def build_tables(reproduction: Reproduction) -> list[Table]:
    """Return the stages, and what each model was trained on then and here, as tables for the terminal."""
    stages = Table(*(Column(name, no_wrap=name != "reason") for name in COLUMNS), box=None, padding=(0, 1, 0, 0))
    for row in reproduction.judgement.rows:
        stages.add_row(*(Text(make_printable(cell)) for cell in _cells(row)), style=STYLES.get(row.verdict))
    machines = []
    for models, items in _group_machines(reproduction):
        headings = ("", f"recorded ({models})", "here")
        table = Table(*headings, box=None, padding=(0, 1, 0, 0))
        for item, recorded, here in items:
            style = None if recorded == here else "yellow"
            table.add_row(*(Text(make_printable(cell)) for cell in (item, recorded, here)), style=style)
        machines.append(table)
    return [stages, *machines]


def list_sentences(reproduction: Reproduction) -> list[str]:
    """Return what went wrong, what else to know, and the judgement, as lines for the terminal."""
    judgement = reproduction.judgement
    sentences = [f"{make_printable(sentence)}." for sentence in (*judgement.problems, *_list_notes(reproduction))]
    return [*sentences, f"{make_printable(reproduction.revision)}, run here: {judgement.headline}"]


def render_markdown(reproduction: Reproduction) -> str:
    """Return what became of the revision as Markdown, for a job summary."""
    judgement = reproduction.judgement
    words = f"{escape_markdown(reproduction.revision)}, run here in a clone of its own, beside what it records."
    lines = [f"## Reproduction: {judgement.headline}", "", words, ""]
    lines += list_table(COLUMNS, ([escape_markdown(cell) for cell in _cells(row)] for row in judgement.rows))
    for models, items in _group_machines(reproduction):
        columns = ("", f"recorded ({escape_markdown(models)})", "here")
        lines += list_table(columns, ([escape_markdown(cell) for cell in item] for item in items))
    sentences = (*judgement.problems, *_list_notes(reproduction))
    return "\n".join([*lines, *(f"- {escape_markdown(sentence)}." for sentence in sentences)]).rstrip() + "\n"


def render_junit(reproduction: Reproduction) -> str:
    """Return what became of the revision as JUnit XML: one case per stage, and one per problem."""
    judgement = reproduction.judgement
    stages = [
        Case("reproduce", row.stage, failure=row.reason if row.verdict is Verdict.DIFFERENT else None)
        for row in judgement.rows
    ]
    problems = [
        Case("reproduce", f"problem {number}", error=problem)
        for number, problem in enumerate(judgement.problems, start=1)
    ]
    return render_suite("lesions reproduce", [*stages, *problems], _list_notes(reproduction))


def _cells(row: StageRow) -> tuple[str, str, str]:
    return row.stage, row.verdict.words, row.reason


def _list_notes(reproduction: Reproduction) -> list[str]:
    judgement = reproduction.judgement
    notes = [*judgement.notes]
    if judgement.origins:
        first, *others = judgement.origins
        also = f"; so do {', '.join(others)}" if others else ""
        notes.append(f"{first} is the first stage that diverges, from inputs of the same bits{also}")
    if judgement.rows and not reproduction.recorded_on:
        notes.append("the revision does not record what its networks were trained on")
    if judgement.rows:
        notes.append("this compares two runs; it certifies neither")
    return notes


Item = tuple[str, str, str]
"""The name of an item of a machine, as it was recorded and as it is here."""


def _group_machines(reproduction: Reproduction) -> Iterator[tuple[str, list[Item]]]:
    """Yield the items of each pair of machines, then and here, under the names of the models trained on them."""
    groups: dict[tuple[Item, ...], list[str]] = {}
    for model in {**reproduction.recorded_on, **reproduction.run_on}:
        items = _pair_items(reproduction.recorded_on.get(model, {}), reproduction.run_on.get(model, {}))
        groups.setdefault(items, []).append(model)
    yield from ((", ".join(models), [*items]) for items, models in groups.items())


def _pair_items(recorded: Machine, here: Machine) -> tuple[Item, ...]:
    before, after = (dict(iterate_figures(machine)) for machine in (recorded, here))
    names = [name for name in {**before, **after} if name not in ("schema", INSTRUCTIONS)]
    items = [(name, cut_value(before.get(name, ABSENT)), cut_value(after.get(name, ABSENT))) for name in names]
    if before and after:
        sets = [set(str(of.get(INSTRUCTIONS)).split()) for of in (before, after)]
        then, now = (" ".join(sorted(one - other)) or ABSENT for one, other in (sets, sets[::-1]))
        items.append((f"{INSTRUCTIONS} that only one has", then, now))
    return tuple(items)
