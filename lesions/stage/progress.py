"""Showing the progress of long work: a bar on a terminal, otherwise a few plain lines."""

import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

Item = TypeVar("Item")

PLAIN_LINES = 4
"""Number of lines to print if there is no terminal."""


def show_progress(items: Iterable[Item], description: str, *, total: int, images: bool = False) -> Iterator[Item]:
    """Yield the items, and show how many of `total` are done.

    Parameters
    ----------
    images
        Whether the items are images, whose rate is shown. The lines then go to standard error, for standard output
        is for the answers.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        rate = [ImagesPerSecondColumn()] * images
        columns = (TextColumn(description), BarColumn(), MofNCompleteColumn(), *rate, TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            yield from progress.track(items, total=total)
        return
    begun = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        if done * PLAIN_LINES // total > (done - 1) * PLAIN_LINES // total:
            speed = f", {_describe_rate(done, total, time.monotonic() - begun)}" if images else ""
            print(f"{description}: {done} of {total}{speed}", flush=True, file=sys.stderr if images else sys.stdout)


def _describe_rate(done: int, total: int, seconds: float) -> str:
    per_second = done / max(seconds, 1e-6)
    return f"{per_second:,.0f} images/s, {(total - done) / per_second:,.0f} s left"


class ImagesPerSecondColumn(ProgressColumn):
    """Speed of training, in images per second."""

    def render(self, task: Task) -> Text:
        """Return the mean speed over the last half minute."""
        return Text(f"{task.speed:,.0f} images/s" if task.speed else "")


class TrainingLine:
    """A live line on a terminal while a network is trained; it shows nothing if hidden or without a terminal."""

    def __init__(self, num_epochs: int, images_per_epoch: int, *, hidden: bool = False) -> None:
        console = Console(stderr=True)
        self._images_per_epoch = images_per_epoch
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]} of {task.fields[num_epochs]}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[loss]}{task.fields[metric]}"),
            ImagesPerSecondColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            # Redirected output must stay where the user sent it.
            redirect_stdout=sys.stdout.isatty(),
            disable=hidden or not console.is_terminal,
        )
        self._task = self._progress.add_task(
            "", total=num_epochs * images_per_epoch, epoch=1, num_epochs=num_epochs, loss="", metric=""
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin_epoch(self, epoch: int) -> None:
        """Show the start of an epoch, counted from 1."""
        self._progress.update(self._task, epoch=epoch, completed=(epoch - 1) * self._images_per_epoch)

    def advance(self, num_images: int, loss: float) -> None:
        """Show that `num_images` more images are done, and the loss."""
        self._progress.update(self._task, advance=num_images, loss=f"loss {loss:.3f}")

    def show_metric(self, name: str, value: float) -> None:
        """Show the value of a metric on the validation images."""
        self._progress.update(self._task, metric=f", {name.replace('_', ' ')} {value:.3f} on validation")
