"""`lesions timings`."""

from collections.abc import Sequence

from rich.table import Column, Table

from lesions.stage.tables import print_table
from lesions.stage.timings import Timing, read_timings


def timings() -> None:
    """Show how long each stage took when it last ran here, apart from the time that its process took to start.

    CPU is the processor time of the work, by all threads; memory is the peak. What DVC itself does between stages is
    not included.
    """
    print_table(build_table(read_timings()))


def build_table(rows: Sequence[Timing]) -> Table:
    """Return one row per stage, and their sum."""
    headings = ("start-up (s)", "work (s)", "CPU (s)", "memory (MiB)")
    columns = (Column(heading, no_wrap=True, justify="right") for heading in headings)
    table = Table(Column("stage", no_wrap=True), *columns, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for row in rows:
        start_up = "–" if row.start_up_seconds is None else f"{row.start_up_seconds:.2f}"
        seconds = (f"{row.wall_seconds:.2f}", f"{row.cpu_seconds:.2f}")
        table.add_row(row.stage, start_up, *seconds, f"{row.peak_memory_mib:.0f}")
    sums = (
        sum(row.start_up_seconds or 0 for row in rows),
        sum(row.wall_seconds for row in rows),
        sum(row.cpu_seconds for row in rows),
    )
    table.add_row("total", *(f"{seconds:.2f}" for seconds in sums))
    return table
