"""The processes of a stage start together, speak with one voice, and end together."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

from lesions.stage.joint import LOST_STATUS
from lesions.training.launch import describe_failure
from tests.builders import HARDWARE, ROOT, slow

STAGE = """
import os, signal, sys, time, warnings
from pathlib import Path
from lesions.errors import InputError
from lesions.hardware.processes import LostProcessError, read_launcher, read_processes
from lesions.stage.run import run_stage

def main(what: str, params: Path = Path("params.yaml")) -> None:
    rank = read_processes().rank
    Path(f"pid-{rank}").write_text(str(os.getpid()))
    print(f"{what} in process {rank} of {read_processes().number}", flush=True)
    warnings.warn("of each process", stacklevel=1)
    if what == "fail together":
        raise InputError("the data are wrong")
    if what == "one fails":
        if rank == 1:
            raise ValueError("too much")
        while not Path("pid-1").is_file():
            time.sleep(0.1)
        time.sleep(2)  # a connection is closed after the error, when its process ends
        raise LostProcessError("connection closed")
    if what == "wait":
        time.sleep(600)

def launch(num_processes):
    from lesions.training.launch import launch_processes
    launch_processes(num_processes)

run_stage(main, with_torch=True, launch=launch)
"""

AGAIN = "all have ended; run the same command again, and training resumes after its last finished epoch"


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    (tmp_path / "stage.py").write_text(STAGE)
    (tmp_path / "params.yaml").write_text(json.dumps({"hardware": HARDWARE | {"num_processes": 2}}))
    (tmp_path / "tmp").mkdir()
    return tmp_path


def start(stage: Path, what: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "stage.py", what],
        cwd=stage,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(stage / "tmp")} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_pids(stage: Path) -> dict[int, int]:
    """The ids of the two processes, once both wait."""
    files = {rank: stage / f"pid-{rank}" for rank in (0, 1)}
    for _ in wait_a_minute():
        if all(file.is_file() and file.read_text() for file in files.values()):
            return {rank: int(file.read_text()) for rank, file in files.items()}
    pytest.fail("the processes never started")


def wait_until_ended(pids: dict[int, int]) -> None:
    for _ in wait_a_minute():
        if not any(map(is_running, pids.values())):
            return
    pytest.fail("a process is still running")


def is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_a_minute() -> Iterator[None]:
    for _ in range(600):
        yield
        time.sleep(0.1)


def test_the_first_process_alone_prints_and_records_its_time(stage: Path) -> None:
    process = start(stage, "work")
    printed, complaints = process.communicate()
    assert (process.returncode, printed) == (0, "work in process 0 of 2\n")
    assert complaints.count("UserWarning: of each process") == 1
    assert (stage / "pid-1").is_file()
    assert [file.name for file in (stage / ".timings").iterdir()] == ["stage.json"]
    assert not list((stage / "tmp").iterdir())


@pytest.mark.parametrize(
    ("what", "error"),
    [
        slow("fail together", "the data are wrong"),
        ("one fails", "ValueError: too much (unexpected: LESIONS_DEBUG=1 or --debug shows the traceback)"),
    ],
)
def test_an_error_is_printed_once(stage: Path, what: str, error: str) -> None:
    process = start(stage, what, PYTHONWARNINGS="ignore")
    _, complaints = process.communicate()
    assert (process.returncode, complaints) == (1, f"error: {error}\n")
    assert not list((stage / "tmp").iterdir())


@pytest.mark.parametrize("rank", [0, slow(1)])
def test_the_death_of_a_process_ends_the_other(stage: Path, rank: int) -> None:
    process = start(stage, "wait", PYTHONWARNINGS="ignore")
    pids = wait_for_pids(stage)
    os.kill(pids[rank], signal.SIGKILL)
    _, complaints = process.communicate()
    died = f"process {rank} of 2 was ended by SIGKILL (the system does so where memory runs out)"
    assert (process.returncode, complaints) == (1, f"error: {died}; {AGAIN}\n")
    wait_until_ended(pids)


@pytest.mark.parametrize("number", [signal.SIGTERM, slow(signal.SIGINT)])
def test_a_signal_to_the_stage_ends_all_processes(stage: Path, number: signal.Signals) -> None:
    process = start(stage, "wait", PYTHONWARNINGS="ignore")
    pids = wait_for_pids(stage)
    process.send_signal(number)
    _, complaints = process.communicate()
    stopped = f"stopped by {number.name}; no partial file is left; run the same command again\n"
    assert (process.returncode, complaints) == (128 + number, stopped)
    wait_until_ended(pids)


@pytest.mark.slow
def test_no_process_outlives_a_stage_that_is_killed(stage: Path) -> None:
    process = start(stage, "wait", PYTHONWARNINGS="ignore")
    pids = wait_for_pids(stage)
    process.kill()
    process.wait()
    wait_until_ended(pids)
    process.communicate()


@pytest.mark.slow
def test_a_process_that_does_not_react_is_killed(stage: Path) -> None:
    process = start(stage, "wait", PYTHONWARNINGS="ignore")
    pids = wait_for_pids(stage)
    os.kill(pids[1], signal.SIGSTOP)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    wait_until_ended(pids)


@pytest.mark.slow
def test_hosts_that_cannot_share_the_processes_are_refused(stage: Path) -> None:
    process = start(stage, "work", PET_NNODES="3")
    _, complaints = process.communicate()
    message = "hardware.num_processes is 2, which 3 hosts (PET_NNODES) cannot share equally"
    assert (process.returncode, complaints) == (1, f"error: {message}\n")


def fail(rank: int, status: int, file: Path = Path("none")) -> ProcessFailure:
    return ProcessFailure(local_rank=rank, pid=1, exitcode=status, error_file=str(file))


def test_what_ended_the_processes_is_the_cause_and_not_a_consequence(tmp_path: Path) -> None:
    lost, stopped = fail(0, LOST_STATUS), fail(0, -signal.SIGTERM)
    elsewhere = "a process on another host ended, or no longer answers (LESIONS_DEBUG=1 or --debug shows how it was "
    assert describe_failure({0: lost}, 2) == f"{elsewhere}noticed); {AGAIN}"
    assert describe_failure({0: lost, 1: fail(1, 3)}, 2) == f"process 1 of 2 ended with exit code 3; {AGAIN}"
    killed = describe_failure({0: stopped, 1: fail(1, -signal.SIGSEGV)}, 2)
    assert killed == f"process 1 of 2 was ended by SIGSEGV; {AGAIN}"
    assert describe_failure({0: stopped}, 2) == f"process 0 of 2 was ended by SIGTERM; {AGAIN}"
    error = tmp_path / "error.json"
    error.write_text(json.dumps({"message": "the disk is full", "timestamp": 1}))
    assert describe_failure({0: stopped, 1: fail(1, 1, error)}, 2) == "the disk is full"
