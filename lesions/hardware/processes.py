"""Which of the processes that train one network together this one is."""

import os
from dataclasses import dataclass

from lesions.errors import InputError


class LostProcessError(Exception):
    """Raised if another process that trains the same network has ended, or no longer answers."""


@dataclass(frozen=True)
class Processes:
    """The processes that train one network together.

    Attributes
    ----------
    number
        How many there are.
    rank
        Which of them this one is, from 0. The first alone writes files and prints.
    local_rank
        Which of those on this host this one is, from 0.
    local_number
        How many there are on this host.
    """

    number: int = 1
    rank: int = 0
    local_rank: int = 0
    local_number: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes files and prints."""
        return self.rank == 0

    @property
    def is_alone(self) -> bool:
        """Whether there is no other process."""
        return self.number == 1


ALONE = Processes()
"""One process that trains a network by itself."""

LAUNCHER_VARIABLE = "LESIONS_LAUNCHER"
"""Environment variable: the id of the stage's process, which started this one and others."""


def read_launcher() -> int | None:
    """Return the id of the stage's process that started this one to train with others; None if none did."""
    launcher = os.environ.get(LAUNCHER_VARIABLE)
    return int(launcher) if launcher else None


def read_processes() -> Processes:
    """Return the processes that torchrun says it started; a single one if no stage's process started this one."""
    if read_launcher() is None:
        return ALONE
    names = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    return Processes(*(int(os.environ[name]) for name in names))


HOSTS_VARIABLE = "PET_NNODES"
"""Environment variable of torchrun: over how many hosts the processes are spread."""


def count_on_host(num_processes: int) -> int:
    """Return how many of the processes run on this host.

    Raises
    ------
    InputError
        If the hosts cannot have the same number each.
    """
    hosts = os.environ.get(HOSTS_VARIABLE, "1")
    if not hosts.isdecimal() or int(hosts) == 0 or num_processes % int(hosts):
        raise InputError(
            f"hardware.num_processes is {num_processes}, which {hosts} hosts ({HOSTS_VARIABLE}) cannot share equally"
        )
    return num_processes // int(hosts)


def check_number(processes: Processes, num_processes: int) -> None:
    """Raise InputError if a training is to have another number of processes than were started."""
    if processes.number != num_processes:
        raise InputError(
            f"hardware.num_processes is {num_processes}, and {processes.number} were started: `dvc repro` and "
            "`python -m stages.train` start as many as it says"
        )
