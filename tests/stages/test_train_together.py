"""The stage train in two processes: what it leaves repeats to the bit, also after either of them was killed."""

import json
import os
import shutil
import signal

import pytest

from tests.repository import Repository
from tests.train_stage import find_process, read_until, set_hardware, start

pytestmark = pytest.mark.slow

OUTPUTS = ("weights.safetensors", "train.json", "history.json", "machine.json")


def train(copy: Repository, model: str = "custom_cnn") -> tuple[str, dict[str, bytes]]:
    """Train; return what was printed, and what was written."""
    process = start(copy, model)
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    assert not list((copy.root / ".resume").glob("*.safetensors"))
    return printed, {name: (copy.root / "new" / name).read_bytes() for name in OUTPUTS}


def test_two_processes_repeat_to_the_bit_and_resume_to_the_bit_after_either_was_killed(copy: Repository) -> None:
    set_hardware(copy, num_processes=2)
    printed, expected = train(copy)
    assert printed.startswith("training custom_cnn on cpu in ")
    assert printed.count(", in 2 processes\n") == printed.count("epoch   1 ") == printed.count("epoch   2 ") == 1
    (machine,) = json.loads(expected["machine.json"])["machine"]
    assert machine["num_processes"] == 2
    assert train(copy)[1] == expected
    for rank in (0, 1):
        shutil.rmtree(copy.root / "new")
        process = start(copy, "custom_cnn")
        read_until(process, "epoch   1")
        os.kill(find_process(process.pid, rank), signal.SIGKILL)
        printed, _ = process.communicate()
        assert process.returncode == 1
        assert printed.count("error: ") == 1
        assert f"process {rank} of 2 was ended by SIGKILL" in printed
        assert not (copy.root / "new").exists()
        printed, found = train(copy)
        assert printed.count("resuming after epoch 1, the last finished epoch\n") == 1
        assert found == expected


def test_the_state_of_another_number_of_processes_is_not_resumed(copy: Repository) -> None:
    process = start(copy, "custom_cnn")
    read_until(process, "epoch   1")
    process.kill()
    process.communicate()
    (state,) = (copy.root / ".resume").glob("*.safetensors")
    set_hardware(copy, num_processes=2)
    process = start(copy, "custom_cnn")
    printed, _ = process.communicate()
    assert process.returncode == 0
    assert "resuming" not in printed
    assert state.exists()


def test_a_second_training_waits_with_all_its_processes_until_the_first_one_ends(copy: Repository) -> None:
    set_hardware(copy, num_processes=2)
    first = start(copy, "custom_cnn")
    read_until(first, "epoch   1")
    writer = find_process(first.pid, rank=0)
    os.kill(writer, signal.SIGSTOP)
    second = start(copy, "custom_cnn")
    read_until(second, "waiting for another process, which holds")
    os.kill(writer, signal.SIGKILL)
    printed, _ = second.communicate()
    assert second.returncode == 0
    assert "resuming after epoch 1" in printed
    assert "process 0 of 2 was ended by SIGKILL" in first.communicate()[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"execution": "graph"},
            "hardware.execution is graph, and hardware.num_processes 2: a step in which processes exchange gradients "
            "is neither recorded nor compiled; use auto",
        ),
        (
            {"num_processes": 1, "synchronise_batch_norm": False},
            "params.yaml: hardware: synchronise_batch_norm false belongs to a num_processes above 1; "
            "got num_processes 1",
        ),
    ],
)
def test_what_does_not_hold_is_refused_once(copy: Repository, changes: dict[str, object], message: str) -> None:
    set_hardware(copy, **{"num_processes": 2} | changes)
    process = start(copy, "custom_cnn")
    printed, _ = process.communicate()
    assert process.returncode == 1
    assert printed.splitlines()[-1] == f"error: {message}"
    assert printed.count(message) == 1
