"""`lesions registry`."""

from typing import TYPE_CHECKING

from rich.table import Column, Table
from rich.text import Text

from lesions.command_line.options import PARAMS
from lesions.formats.printable import make_printable
from lesions.stage.tables import print_table

if TYPE_CHECKING:
    from lesions.release.listing import Entry


def registry() -> None:
    """List the released versions of each model: stages and since when, scores, and how they compare to the last."""
    from lesions.release.listing import list_registry  # imports DVC; the other commands start without it

    metric, entries = list_registry(PARAMS)
    if not entries:
        print("nothing is released yet; `git fetch --tags` gets what others released")
        return
    names = ("model", "version", "released", "stages", metric)
    table = Table(*(Column(name, no_wrap=True) for name in names), "compared", box=None, padding=(0, 1, 0, 0))
    for entry in entries:
        table.add_row(*(Text(make_printable(cell)) for cell in spell_entry(entry)))
    print_table(table)


def spell_entry(entry: "Entry") -> list[str]:
    """Return the cells of one version."""
    stages = ", ".join(f"{stage} since {day}" for stage, day in entry.stages)
    score = entry.score
    spelt = "–" if score is None else f"{score.value:.3f}"
    if score is not None and score.low is not None and score.high is not None:
        spelt += f" ({score.low:.3f} to {score.high:.3f})"
    return [str(entry.artifact), entry.version, entry.released, stages or "–", spelt, entry.compared]
