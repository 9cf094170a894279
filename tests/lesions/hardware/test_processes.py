"""Which of several processes this one is, as torchrun says it to those that a stage started."""

import pytest

from lesions.errors import InputError
from lesions.hardware.processes import (
    ALONE,
    LAUNCHER_VARIABLE,
    Processes,
    check_number,
    count_on_host,
    read_processes,
)


def test_a_process_that_no_stage_started_is_alone_whatever_torchrun_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(LAUNCHER_VARIABLE, raising=False)
    assert read_processes() == ALONE
    assert ALONE.is_first
    assert ALONE.is_alone
    monkeypatch.setenv(LAUNCHER_VARIABLE, "1")
    assert read_processes() == Processes(number=4, rank=3, local_rank=1, local_number=2)
    assert not read_processes().is_first


def test_a_training_of_another_number_of_processes_than_were_started_is_refused() -> None:
    check_number(ALONE, 1)
    with pytest.raises(InputError) as caught:
        check_number(ALONE, 2)
    assert str(caught.value) == (
        "hardware.num_processes is 2, and 1 were started: `dvc repro` and `python -m stages.train` start as many as "
        "it says"
    )


def test_hosts_have_the_same_number_of_processes_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PET_NNODES", raising=False)
    assert count_on_host(6) == 6
    monkeypatch.setenv("PET_NNODES", "3")
    assert count_on_host(6) == 2
    for hosts in ("4", "0", "1:2"):
        monkeypatch.setenv("PET_NNODES", hosts)
        with pytest.raises(InputError) as caught:
            count_on_host(6)
        assert str(caught.value) == (
            f"hardware.num_processes is 6, which {hosts} hosts (PET_NNODES) cannot share equally"
        )
