"""Experiments that are stopped: what they leave, and who may read the workspace meanwhile."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import psutil
import pytest
from filelock import FileLock

from lesions.errors import InputError
from lesions.experiments.repeats import choose_name, run_alone
from lesions.experiments.running import hold_workspace, run_experiment
from lesions.experiments.search.experiment import TrialExperiment, list_stages
from tests.repository import Repository, build_environment

OTHER_PROCESS = """
import time
from filelock import FileLock, Timeout
time.sleep(1.5)
try:
    with FileLock(".search/starting.lock", timeout=0):
        print("free")
except Timeout:
    print("held")
"""


class StartingExperiment(TrialExperiment):
    """In place of DVC, a process that starts for a while, and then says whether the workspace is held."""

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-c", OTHER_PROCESS]


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_workspace_is_held_until_an_experiment_that_is_stopped_at_its_start_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    experiment = StartingExperiment("s-0", None, {}, tmp_path / "state")
    before = signal.signal(signal.SIGUSR1, interrupt)
    stop = Timer(0.5, os.kill, (os.getpid(), signal.SIGUSR1))
    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment, lambda _: False, stop.start)
    signal.signal(signal.SIGUSR1, before)
    assert experiment.log.read_text() == "held\n"
    with hold_workspace():
        pass


def test_seeds_are_not_run_by_two_processes_of_one_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".search").mkdir()
    with (
        FileLock(".search/repeating.lock"),
        pytest.raises(
            InputError,
            match=r"^another `lesions repeat` runs in this clone; call it again when that one has ended$",
        ),
        run_alone(),
    ):
        pass
    with run_alone():
        pass


def test_an_experiment_that_does_not_count_keeps_its_name() -> None:
    assert choose_name("seeds_0-1", {"seeds_0-0"}) == "seeds_0-1"
    assert choose_name("seeds_0-1", {"seeds_0-1", "seeds_0-1-2"}) == "seeds_0-1-3"


def is_dvc(process: psutil.Process) -> bool:
    """Whether a process began to run an experiment of DVC."""
    return process.is_running() and "exp" in process.cmdline()


def list_begun(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children(recursive=True) if is_dvc(child)]


def list_trainings(process: psutil.Process) -> list[psutil.Process]:
    return [stage for stage in list_stages(process) if "stages.train" in stage.cmdline()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "list_awaited"),
    [(signal.SIGINT, list_begun), (signal.SIGTERM, list_trainings), (signal.SIGHUP, list_trainings)],
)
def test_seeds_that_are_stopped_leave_nothing(
    number: signal.Signals,
    list_awaited: Callable[[psutil.Process], list[psutil.Process]],
    small: Repository,
    tmp_path: Path,
) -> None:
    project = small.copy_all(tmp_path / "project")
    train = project.root / "stages/train.py"
    train.write_text(f"import time\ntime.sleep(600)\n{train.read_text()}")
    project.commit("Train for long")
    repeat = psutil.Popen(
        ["lesions", "repeat", "--seeds", "2"],
        cwd=project.root,
        env=build_environment() | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while not list_awaited(repeat):
        assert repeat.poll() is None
        time.sleep(0.1)
    os.killpg(repeat.pid, number)  # as a terminal does
    printed, _ = repeat.communicate()
    assert repeat.returncode == 128 + number, printed
    assert project.run("git", "symbolic-ref", "--short", "HEAD").stdout == "main\n"
    assert project.run("git", "status", "--porcelain", "--untracked-files=no").stdout == ""
    assert list((project.root / ".dvc/tmp/exps/standalone").glob("tmp*")) == []
    assert project.dvc("exp", "list", "--name-only") == ""
    assert [each for each in psutil.process_iter(["cwd"]) if str(tmp_path) in str(each.info["cwd"])] == []
