"""One process at a time trains a network, and old states do not pile up."""

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch

from lesions.training.resume import MAX_STATES, ResumeFile, TrainingState, hold_resume_file
from tests.builders import ROOT, slow

HOLD = """
import sys
from pathlib import Path
from lesions.training.resume import hold_resume_file
with hold_resume_file(Path(sys.argv[1]), "a" * 64):
    print("held", flush=True)
    input()
print("released", flush=True)
"""


def start_holding(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, folder],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("end", ["release", slow("kill")])
def test_a_second_training_of_the_same_network_says_so_and_waits(tmp_path: Path, end: str) -> None:
    first = start_holding(tmp_path)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    second = start_holding(tmp_path)
    assert second.stdout is not None
    assert re.match(
        r"waiting for another process, which holds .*a{16}\.lock and is training the same network",
        second.stdout.readline(),
    )
    if end == "kill":
        first.kill()
        first.communicate()
    else:
        assert first.communicate("\n")[0] == "released\n"
    assert second.communicate("\n")[0] == "held\nreleased\n"


def test_trainings_of_two_networks_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with hold_resume_file(tmp_path, "a" * 64), hold_resume_file(tmp_path, "b" * 64):
        pass


def test_what_killed_runs_had_begun_to_write_is_removed(tmp_path: Path) -> None:
    left = [tmp_path / f".{name * 16}.safetensors.1.tmp" for name in "bc"]
    for path in left:
        path.touch()
    with hold_resume_file(tmp_path, "c" * 64), hold_resume_file(tmp_path, "a" * 64):
        # The second is of the run in progress.
        assert [path.exists() for path in left] == [False, True]


def test_only_the_newest_states_are_kept(tmp_path: Path) -> None:
    """Whatever order their names have; and those that another run removes at this moment are no error."""
    state = TrainingState({"network.weight": torch.zeros(1)}, {})
    times = [30, 10, 50, 20, 60, 40]
    for number, seconds in enumerate(times):
        path = tmp_path / f"{number}.safetensors"
        ResumeFile(path, "a").write(state)
        os.utime(path, (seconds, seconds))
    (tmp_path / "removed.safetensors").symlink_to("nowhere")
    with hold_resume_file(tmp_path, "f" * 64):
        left = sorted(times[int(path.stem)] for path in tmp_path.glob("[0-9]*.safetensors"))
    assert left == [30, 40, 50, 60]


def test_the_states_of_runs_in_progress_are_always_kept(tmp_path: Path) -> None:
    state = TrainingState({"network.weight": torch.zeros(1)}, {})
    with ExitStack() as under_way:
        for number in range(MAX_STATES + 2):
            under_way.enter_context(hold_resume_file(tmp_path, f"{number:064d}"[::-1])).write(state)
        assert len(list(tmp_path.glob("*.safetensors"))) == MAX_STATES + 2
