"""Starting the processes that train one network together, and ending them together."""

import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.run import get_args_parser, run

from lesions.errors import InputError
from lesions.hardware.processes import LAUNCHER_VARIABLE, count_on_host
from lesions.stage.failure import DEBUG_VARIABLE
from lesions.stage.joint import LOST_STATUS
from lesions.stage.run import exit_on_signal

SECONDS_TO_END = 10
"""How long a process may take to end after a signal, before it is killed."""


def launch_processes(num_processes: int) -> NoReturn:
    """Run this program's command in so many processes by torchrun, and exit with them.

    The first of them is the only one that prints and writes files. If one fails, all end, and what went wrong is
    printed once. torchrun's environment variables PET_NNODES, PET_NODE_RANK, PET_MASTER_ADDR and PET_MASTER_PORT
    spread the processes over several hosts.

    Raises
    ------
    InputError
        If a process failed, or if the hosts cannot have the same number of processes each.
    """
    os.environ[LAUNCHER_VARIABLE] = str(os.getpid())
    if not os.environ.get(DEBUG_VARIABLE):
        logging.disable()
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    with TemporaryDirectory() as folder:
        options = {
            "--nproc-per-node": count_on_host(num_processes),
            "--max-restarts": 0,
            "--log-dir": folder,
            "--shutdown-timeout": SECONDS_TO_END,
        }
        words = [str(word) for option in options.items() for word in option]
        try:
            run(get_args_parser().parse_args([*words, "--no-python", sys.executable, *sys.orig_argv[1:]]))
        except ChildFailedError as error:
            raise InputError(describe_failure(error.failures, num_processes)) from None
        except SignalException as stop:
            exit_on_signal(stop.sigval, None)
    sys.exit()


def describe_failure(failures: Mapping[int, ProcessFailure], num_processes: int) -> str:
    """Return why the processes ended: the error that one of them left, or else the signal that ended the first.

    Parameters
    ----------
    failures
        By the process's rank, in the order in which they were noticed. Those that ended because another one had, or
        were then ended by torchrun, are among them.
    """
    for rank in sorted(failures):
        if Path(failures[rank].error_file).is_file():
            return failures[rank].message
    again = "all have ended; run the same command again, and training resumes after its last finished epoch"
    causes = {rank: failure.exitcode for rank, failure in failures.items() if failure.exitcode != LOST_STATUS}
    if not causes:
        noticed = f"({DEBUG_VARIABLE}=1 or --debug shows how it was noticed)"
        return f"a process on another host ended, or no longer answers {noticed}; {again}"
    ended = (-signal.SIGTERM, 128 + signal.SIGTERM)
    rank = min(causes, key=lambda rank: causes[rank] in ended)
    status = causes[rank]
    how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit code {status}"
    memory = " (the system does so where memory runs out)" if status == -signal.SIGKILL else ""
    return f"process {rank} of {num_processes} {how}{memory}; {again}"
