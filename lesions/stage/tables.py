"""Printing tables whose names are never broken, on a terminal or into a file."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

ROOM = 20
"""Columns on a terminal, beyond what must not be broken, for cells that are broken between words."""


def print_table(table: Table) -> None:
    """Print a table; nothing if it has no row.

    On a terminal, cells that may be broken between words are, if the table is too wide; what must not be broken
    makes it wider than the terminal. Anywhere else, such as in the log of a job, no cell is broken.
    """
    if not table.row_count:
        return
    console = Console(markup=False)  # a value of the data may have brackets
    unlimited = console.options.update(max_width=10_000)
    needed = Measurement.get(console, unlimited, table)
    # Not as narrow as the longest words allow: rich shares out the width without regard to words.
    width = max(console.width, needed.minimum + ROOM) if console.is_terminal else needed.maximum
    Console(width=width, markup=False).print(table)
