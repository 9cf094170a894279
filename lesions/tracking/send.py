"""The process that sends a training's spool while it is trained, and what earlier trainings left.

python -m lesions.tracking.send .tracking/resnet18-0123456789abcdef-0123456789ab.jsonl
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from lesions.tracking.spool import End, SpoolFile, read_spool

POLL_SECONDS, LONGEST_SECONDS = 0.2, 30.0
"""Time between two looks at the spools, after a success and at most after failures."""

NICENESS = 10
"""The training goes first; at 19 a process that needs seconds to import MLflow took minutes beside busy ones."""

LAST_SECONDS = 5.0
"""How long the last pass waits for another process that is sending."""

REMAINING_SECONDS = 900.0
"""How long this process may outlive the training; what is not sent then stays in the spool."""

PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
"""Environment of MLflow: the loop below tries again."""


def main(spool: Path) -> None:
    """Send what the spools hold until standard input is closed, and then once more."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    os.environ.update(PATIENCE)
    ended = Event()
    Thread(target=await_end, args=(ended,), daemon=True).start()
    from lesions.tracking.sending import Sender  # imports MLflow, which takes seconds

    sender = Sender(spool.parent)
    seconds = POLL_SECONDS
    while not ended.wait(seconds):
        failed = sender.send_all(first=spool)
        seconds = min(2 * seconds, LONGEST_SECONDS) if failed else POLL_SECONDS
    mark_killed(spool)
    sender.send_all(first=spool, wait_seconds=LAST_SECONDS)


def await_end(ended: Event) -> None:
    """Wait until the training closes standard input or is killed; end this process if it then takes too long."""
    sys.stdin.buffer.read()
    ended.set()
    time.sleep(REMAINING_SECONDS)
    os._exit(1)


def mark_killed(spool: Path) -> None:
    """Write the end of a training that was killed before it could do it itself."""
    spooled = read_spool(spool)
    if spooled and spooled.end is None:
        with suppress(OSError):
            SpoolFile(spool).append(End(status="KILLED"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
