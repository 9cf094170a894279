"""A cluster of Slurm with one node, which is this machine."""

import getpass
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.repository import build_environment
from tests.server import find_free_port

PROGRAMS = ("slurmctld", "slurmd", "sbatch")
SECONDS_TO_START = 60
POLL_SECONDS = 0.5

CONFIGURATION = """
ClusterName=test
SlurmctldHost=localhost
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=30
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs=2
PartitionName=low Nodes=node Default=YES PriorityTier=1
PartitionName=high Nodes=node PriorityTier=2
"""
"""Jobs of the partition `high` preempt those of `low`, which are then queued again."""


@dataclass
class Cluster:
    """A cluster whose daemons run until it is closed; its files are in a folder."""

    folder: Path
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start the daemons and wait for the node; skip the test if they are not there, or do not run here."""
        for program in PROGRAMS:
            if shutil.which(program, path=self.environment["PATH"]) is None:
                pytest.skip(f"no {program} on the PATH (Debian: slurm-wlm)")
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        self.configuration.write_text(
            CONFIGURATION.format(
                controller_port=find_free_port(),
                node_port=find_free_port(),
                user=getpass.getuser(),
                folder=self.folder,
                host=platform.node(),
            )
        )
        for command in (["slurmctld", "-D", "-i"], ["slurmd", "-D", "-N", "node"]):
            with (self.folder / f"{command[0]}.log").open("wb") as log:
                self.daemons.append(
                    subprocess.Popen(
                        command,
                        env=self.environment,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,  # Ctrl-C would end them before their jobs
                    )
                )
        deadline = time.monotonic() + SECONDS_TO_START
        while "idle" not in self.call("sinfo", "--noheader", check=False):
            if time.monotonic() > deadline or any(daemon.poll() is not None for daemon in self.daemons):
                lines = [line for log in self.folder.glob("*.log") for line in log.read_text().splitlines()[-1:]]
                self.close()
                pytest.skip(f"Slurm does not start on this machine: {'; '.join(lines)}")
            time.sleep(POLL_SECONDS)

    @property
    def configuration(self) -> Path:
        """Its slurm.conf."""
        return self.folder / "slurm.conf"

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which Slurm's programs speak to it."""
        environment = build_environment()
        path = os.pathsep.join([environment["PATH"], "/usr/sbin", "/sbin"])
        return environment | {"PATH": path, "SLURM_CONF": str(self.configuration)}

    def call(self, *command: str, check: bool = True) -> str:
        """Run one of Slurm's programs and return what it printed."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=check, timeout=SECONDS_TO_START
        )
        return done.stdout

    def describe(self, job: str) -> dict[str, str]:
        """Return what Slurm says of a job."""
        return dict(re.findall(r"(\w+)=(\S*)", self.call("scontrol", "show", "job", job)))

    def wait_for(self, job: str, *states: str, seconds: int) -> None:
        """Wait until a job has one of some states."""
        wait_until(lambda: self.describe(job)["JobState"] in states, f"job {job} is {' or '.join(states)}", seconds)

    def close(self) -> None:
        """End the jobs and the daemons."""
        if all(daemon.poll() is None for daemon in self.daemons):
            self.call("scancel", "--user", getpass.getuser())
            wait_until(lambda: not self.call("squeue", "--noheader"), "no job is left", SECONDS_TO_START)
        for daemon in self.daemons:
            daemon.terminate()
        for daemon in self.daemons:
            daemon.wait(SECONDS_TO_START)


def wait_until(is_so: Callable[[], bool], what: str, seconds: int) -> None:
    """Wait until something is so; fail the test if it is not in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s: {what}")
        time.sleep(POLL_SECONDS)
