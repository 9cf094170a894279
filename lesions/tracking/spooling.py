"""Writing a training's epochs into a spool, which a process of its own sends to MLflow."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.tracking.epochs import OnEpoch, name_metrics
from lesions.tracking.parameters import TrackingParameters, find_tracking_folder, find_uri
from lesions.tracking.spool import (
    End,
    Epoch,
    Line,
    SpoolFile,
    Start,
    Status,
    Training,
    flatten,
    is_sent,
    open_spool_file,
)

WAIT_SECONDS, POLL_SECONDS = 0.5, 0.02
"""How long the end of a training waits for the last epoch to be sent, and the time between two looks."""

GIT_SECONDS = 0.3
"""How long the start of a training waits for git to name the commit."""

SENDER = "lesions.tracking.send"
"""A module that no stage imports, so that neither an edit of it nor a new MLflow retrains a network."""


@contextmanager
def open_spool(parameters: TrackingParameters, training: Training) -> Iterator[OnEpoch]:
    """Yield a function that spools the entry of one epoch for MLflow, and does nothing for an epoch that is spooled.

    Nothing that a server, a disk or the sending process does stops the training, or keeps it waiting for a second.
    What was not sent stays in the spool: the next training sends it, or `lesions track`.
    """
    start = describe_start(parameters, training)
    try:
        spool = open_spool_file(find_tracking_folder(), start)
    except OSError as error:
        _warn(f"{training.model} is not tracked: {error}")
        yield lambda _: None
        return

    def spool_epoch(entry: dict[str, Any]) -> None:
        if entry["epoch"] not in spool.known:
            spool.known.add(entry["epoch"])
            _append(spool, Epoch(number=entry["epoch"], metrics=name_metrics(entry)))

    sender = start_sender(spool.path)
    status: Status = "FAILED"
    try:
        yield spool_epoch
        status = "FINISHED"
    except (SystemExit, KeyboardInterrupt):
        status = "KILLED"
        raise
    finally:
        _append(spool, End(status=status, history_sha256=_hash(training.history) if status == "FINISHED" else None))
        finish_sender(sender, spool.path)
        if not is_sent(spool.path):
            print(f"{start.uri} does not have all of this training yet; `lesions track` sends the rest", flush=True)


def describe_start(parameters: TrackingParameters, training: Training) -> Start:
    """Return the first line of a training's spool."""
    tags = {"lesions.model": training.model, "lesions.training": training.key}
    with suppress(OSError, subprocess.SubprocessError):
        command = ["git", "rev-parse", "--verify", "--quiet", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=GIT_SECONDS)
        tags["mlflow.source.git.commit"] = done.stdout.strip()
    if experiment := os.environ.get("DVC_EXP_NAME"):
        tags["dvc.experiment"] = experiment
    return Start(
        model=training.model,
        key=training.key,
        uri=find_uri(parameters),
        experiment=parameters.experiment,
        parameters=flatten(training.settings),
        tags=tags,
    )


def start_sender(spool: Path) -> "subprocess.Popen[bytes] | None":
    """Start the process that sends the spool; None, after a warning, if the system does not start one.

    It is no thread, because importing MLflow takes seconds in which no other thread of a process could run Python. It
    ends by itself once its standard input is closed, even if this process was killed.
    """
    try:
        return subprocess.Popen(
            [sys.executable, "-m", SENDER, str(spool)],
            cwd=Path(__file__).parents[2],  # the folder of the package `lesions` that this process runs
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the training
        )
    except OSError as error:
        _warn(f"no epoch is sent while the network is trained: {error}")
        return None


def finish_sender(sender: "subprocess.Popen[bytes] | None", spool: Path) -> None:
    """Tell the process that the training has ended, and give it a moment; it ends by itself if it takes longer."""
    if sender is None:
        return
    assert sender.stdin is not None
    sender.stdin.close()
    last = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < last and sender.poll() is None and not is_sent(spool):
        time.sleep(POLL_SECONDS)
    Thread(target=sender.wait, daemon=True).start()


def _append(spool: SpoolFile, line: Line) -> None:
    try:
        spool.append(line)
    except OSError as error:
        _warn(f"an epoch is not tracked yet: {error}")


def _hash(history: Path) -> str | None:
    try:
        return hash_file(history)
    except InputError as error:
        _warn(f"`lesions track` will not find the run of this training: {error}")
        return None


def _warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr, flush=True)
