"""Progress of long work: a bar on a terminal, a plain line now and then elsewhere."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")

PLAIN_LINES = 4
"""Lines printed over the whole of the work where there is no terminal."""


def track(items: Iterable[Item], description: str, *, total: int) -> Iterator[Item]:
    """Yield the items, showing how many of `total` are done."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn(description), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            yield from progress.track(items, total=total)
        return
    for done, item in enumerate(items, start=1):
        yield item
        if done * PLAIN_LINES // total > (done - 1) * PLAIN_LINES // total:
            print(f"{description}: {done} of {total}", flush=True)
