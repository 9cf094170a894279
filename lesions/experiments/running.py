"""Running experiments one after the other, beside other processes of this clone, so that each can be stopped."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from lesions.errors import InputError
from lesions.experiments.search.epochs import Epochs
from lesions.experiments.search.experiment import (
    TrialExperiment,
    TrialFailedError,
    end_orphans,
    follow_experiment,
    start_experiment,
    wait_until_begun,
)

SEARCHES = Path(".search")
"""The folder of studies and of what experiments have not finished; neither git nor DVC tracks it."""


@contextmanager
def hold_workspace() -> Iterator[None]:
    """Keep the other processes of this clone from starting an experiment within a block, which reads the workspace.

    While an experiment starts, DVC writes its parameters into the workspace for a moment. Blocks must not be nested.
    """
    SEARCHES.mkdir(exist_ok=True)
    with FileLock(SEARCHES / "starting.lock"):
        yield


def run_experiment(
    experiment: TrialExperiment, on_epoch: Callable[[dict[str, Any]], bool], check: Callable[[], None]
) -> Epochs | None:
    """Run an experiment and return its epochs, or None if `on_epoch` had it ended.

    If the block that calls this is left before, by Ctrl-C or a signal that raises, the experiment is ended.

    Parameters
    ----------
    on_epoch
        Called with the entry of each epoch as it is written; returns whether to end the experiment.
    check
        Called just before the start; raises InputError if the workspace is not what the experiment is to run.

    Raises
    ------
    TrialFailedError
        If DVC or a stage failed.
    """
    with ExitStack() as running:
        with hold_workspace(), ExitStack() as starting:
            check()
            process = starting.enter_context(start_experiment(experiment))
            wait_until_begun(process)
            running.push(starting.pop_all())
        return follow_experiment(experiment, process, on_epoch)


def run_whole(names: Sequence[str], values: Mapping[str, Any], what: str, *, check: Callable[[], None]) -> None:
    """Run all stages as an experiment to its end, and remove what it needed until then.

    What is left of it from a process that was killed is ended first, and its training goes on after its last epoch.

    Parameters
    ----------
    names
        The names that the experiment had each time it was begun, its own last.
    values
        The parameters that it changes, by their full names.
    what
        What it is, for messages, such as `fold 3`.
    check
        As in `run_experiment`.

    Raises
    ------
    InputError
        If DVC or a stage failed.
    """
    end_orphans(names)
    folder = (SEARCHES / names[0]).absolute()
    try:
        run_experiment(TrialExperiment(names[-1], None, values, folder), lambda _: False, check)
    except TrialFailedError as error:
        raise InputError(f"{what} failed; the same command runs what is missing:\n{error}") from error
    shutil.rmtree(folder, ignore_errors=True)
