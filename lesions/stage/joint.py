"""Running a stage as one of several processes, which the stage's own process started and watches."""

import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from lesions.hardware.processes import LostProcessError, Processes
from lesions.stage.failure import DEBUG_VARIABLE, describe_error

LOST_STATUS = 75
"""Exit code of a process that could not go on because another one had ended, and so has nothing to say."""

ERROR_VARIABLE = "TORCHELASTIC_ERROR_FILE"
"""Environment variable of torchrun: the file in which a process leaves its error, so that it is printed once."""

SECONDS_BETWEEN_LOOKS = 0.5


@contextmanager
def run_jointly(processes: Processes, launcher: int) -> Iterator[None]:
    """Leave errors to the stage's own process to print; of several processes only the first prints anything else.

    Parameters
    ----------
    launcher
        The id of the stage's own process; this one ends if that is killed.
    """
    Thread(target=_end_with, args=[launcher], daemon=True).start()
    if processes.is_first:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    else:
        _keep_silent()
    try:
        yield
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        if isinstance(error, LostProcessError):
            sys.exit(LOST_STATUS)
        _leave_error(describe_error(error))
        sys.exit(1)


def _leave_error(text: str) -> None:
    content = json.dumps({"message": text, "timestamp": int(time.time())})  # as torchrun reads it
    Path(os.environ[ERROR_VARIABLE]).write_text(content, encoding="utf-8")


def _keep_silent() -> None:
    # A process that waits for another one does so outside Python, whose handlers of signals would not be called.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115, to the end of the process
    warnings.simplefilter("ignore")


def _end_with(launcher: int) -> None:
    """End this process once the one that started it has ended, and can no longer end it."""
    while os.getppid() == launcher:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os.kill(os.getpid(), signal.SIGTERM)
