"""Running one trial as an experiment of DVC in a folder of its own, and ending it before its last epoch."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from lesions.experiments.folds import spell_setting
from lesions.experiments.search.epochs import Epochs

POLL_SECONDS = 0.2

KILL_SECONDS = 60
"""A stage that has not ended so long after it was told to is killed."""

LAST_LINES = 8
"""Lines of what a failed trial printed that its message quotes."""

DVC_RUNS = Path(".dvc/tmp/exps")
"""Where DVC keeps the folders of running experiments, and notes which experiment each belongs to."""


RUN_COMMAND = (sys.executable, "-m", "dvc", "exp", "run", "--temp", "--name")


class TrialFailedError(Exception):
    """A trial failed by itself; the message says why."""


@dataclass(frozen=True)
class TrialExperiment:
    """An experiment to run.

    Attributes
    ----------
    name
        Its name in DVC.
    target
        The stage that it runs, with all that this stage depends on; None for all stages.
    values
        The parameters that it changes, by their full names.
    folder
        Where its training keeps its state, and its log is written; absolute.
    anew
        Whether to run all stages, even those whose results DVC has already.
    """

    name: str
    target: str | None
    values: Mapping[str, Any]
    folder: Path
    anew: bool = False

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.folder / "log.txt"

    @property
    def command(self) -> list[str]:
        """The command, as arguments that no shell reads."""
        options = ["--force"] if self.anew else []
        targets = [self.target] if self.target else []
        return [*RUN_COMMAND, self.name, *options, *list_options(self.values), *targets]


def list_options(values: Mapping[str, Any]) -> list[str]:
    """Return the options by which `dvc exp run` changes parameters, by their full names."""
    return [part for name, value in values.items() for part in ("-S", f"{name}={spell_setting(value)}")]


@contextmanager
def start_experiment(experiment: TrialExperiment) -> Iterator[psutil.Popen]:
    """Start an experiment and yield its process; if the block is left before it ends, its stage is ended.

    It is in a session of its own, so that Ctrl-C does not reach DVC, which it could interrupt while DVC writes.
    """
    experiment.folder.mkdir(parents=True, exist_ok=True)
    with experiment.log.open("w", encoding="utf-8") as log:
        process = psutil.Popen(
            experiment.command,
            env={**os.environ, "LESIONS_RESUME_DIR": str(experiment.folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end_experiment(process)


def follow_experiment(
    experiment: TrialExperiment, process: psutil.Popen, on_epoch: Callable[[dict[str, Any]], bool]
) -> Epochs | None:
    """Wait until an experiment has ended, and return its epochs, or None if it was ended early.

    Parameters
    ----------
    on_epoch
        Called with the entry of each epoch as it is written; returns whether to end the experiment.

    Raises
    ------
    TrialFailedError
        If DVC or a stage failed.
    """
    epochs = Epochs(experiment.folder)
    while process.poll() is None:
        if any(on_epoch(entry) for entry in epochs.look()):
            return None
        time.sleep(POLL_SECONDS)
    if process.returncode:
        lines = experiment.log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise TrialFailedError("\n".join(lines[-LAST_LINES:]))
    return epochs


def wait_until_begun(process: psutil.Popen) -> None:
    """Wait until the first stage runs: before, DVC writes the trial's parameters into the workspace for a moment."""
    while process.poll() is None and not list_stages(process):
        time.sleep(POLL_SECONDS)


def end_experiment(process: psutil.Process) -> None:
    """End the stage that an experiment runs, upon which DVC fails and removes the experiment's folder.

    DVC itself is never interrupted: it could leave the workspace with the trial's parameters. Between two stages, the
    next one is waited for. Ctrl-C, SIGTERM and a closed terminal are ignored meanwhile.
    """
    ignored = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    told: dict[int, float] = {}
    try:
        while is_running(process):
            for stage in list_stages(process):
                if stage.pid not in told:
                    told[stage.pid] = time.monotonic()
                    send_signal(stage, signal.SIGINT)
                elif time.monotonic() - told[stage.pid] > KILL_SECONDS:
                    send_signal(stage, signal.SIGKILL)
            time.sleep(POLL_SECONDS)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def list_stages(process: psutil.Process) -> list[psutil.Process]:
    """Return the processes of the stage that an experiment runs."""
    try:
        return [child for child in process.children(recursive=True) if is_stage(child)]
    except psutil.NoSuchProcess:
        return []


def is_stage(process: psutil.Process) -> bool:
    """Return whether a process is a stage, `python -m stages.…`."""
    try:
        return any(argument.startswith("stages.") for argument in process.cmdline())
    except psutil.Error:
        return False


def is_running(process: psutil.Process) -> bool:
    """Return whether a process has not ended."""
    try:
        if isinstance(process, psutil.Popen):
            return process.poll() is None
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def send_signal(process: psutil.Process, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def end_orphans(names: Sequence[str]) -> None:
    """End what is left here of experiments whose search was killed: DVC's processes, and their folders."""
    for process in psutil.process_iter():
        if is_run_of(process, names):
            end_experiment(process)
    for note in DVC_RUNS.glob("run/*/*.run"):
        try:
            about = json.loads(note.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # of a run that DVC begins or ends at this moment
            continue
        folder = Path(about.get("root_dir") or "")
        if about.get("name") in names and folder.parent == (DVC_RUNS / "standalone").absolute():
            shutil.rmtree(folder, ignore_errors=True)


def is_run_of(process: psutil.Process, names: Sequence[str]) -> bool:
    """Return whether a process runs an experiment with one of some names in the current folder."""
    start, length = [*RUN_COMMAND[1:]], len(RUN_COMMAND)
    try:
        arguments = process.cmdline()
        is_run = arguments[1:length] == start and arguments[length : length + 1] in [[name] for name in names]
        return is_run and Path(process.cwd()) == Path.cwd()
    except psutil.Error:
        return False
