"""`lesions check`."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lesions.command_line.options import PARAMS, ParamsOption


def check(params: ParamsOption = PARAMS) -> None:
    """Check every parameter, the datasets, and the disk and memory that a run needs; say which stages will rerun."""
    from lesions.preflight.check import check_run  # imports torch; the other commands start without it

    findings = check_run(params)
    console = Console()
    for doubt in findings.doubts:
        console.print(f"doubt: {doubt}", style="yellow", markup=False, highlight=False)
    table = Table("what", "how much", box=None, show_header=False)
    for what, how_much in findings.rows.items():
        table.add_row(Text(what), Text(how_much))
    console.print(table)
    findings.raise_problems()
