"""`lesions check`."""

from rich.console import Console
from rich.table import Table

from lesions.command_line.options import PARAMS, ParamsOption


def check(params: ParamsOption = PARAMS) -> None:
    """Check every parameter, the datasets, and the disk and memory that a run needs; say which stages will rerun."""
    from lesions.preflight.check import check_run  # imports torch; the other commands start without it

    table = Table("what", "how much", box=None, show_header=False)
    for what, how_much in check_run(params).items():
        table.add_row(what, how_much)
    Console().print(table)
