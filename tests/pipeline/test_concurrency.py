"""Experiments that run at once (two processes, two workers of a queue, two searches) end as each does alone."""

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.repository import Repository

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

RATES = {"one": 0.01, "two": 0.02}
TARGET = "evaluate@custom_cnn"
SPACE = """
search: {study: rates, model: custom_cnn, trials: 4}
parameters:
  architectures.custom_cnn.learning_rate: {low: 0.001, high: 0.03, log: true}
"""


def spell(rate: float) -> list[str]:
    """The options that change the parameters."""
    return ["-S", "models=[custom_cnn]", "-S", f"architectures.custom_cnn.learning_rate={rate}"]


def read_scores(repository: Repository, name: str) -> str:
    """The scores on validation of an experiment."""
    return repository.run("git", "show", f"{repository.find_experiment(name)}:metrics/custom_cnn/val.json").stdout


def separate(repository: Repository, folder: Path) -> Repository:
    """Copy a repository with a cache of its own, so that nothing is taken from another test's run."""
    copied = repository.copy_all(folder / "copy")
    shutil.copytree(copied.cache, folder / "cache")
    copied.dvc("cache", "dir", "--local", str(folder / "cache"))
    return copied


@pytest.fixture(scope="module")
def alone(tiny: Repository, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The scores of each experiment that ran alone."""
    repository = separate(tiny, tmp_path_factory.mktemp("alone"))
    scores = {}
    for name, rate in RATES.items():
        repository.dvc("exp", "run", "--temp", "--name", name, *spell(rate), TARGET)
        scores[name] = read_scores(repository, name)
    assert scores["one"] != scores["two"]
    return scores


@pytest.fixture
def repository(tiny: Repository, tmp_path: Path) -> Repository:
    return separate(tiny, tmp_path)


def test_temporary_experiments_beside_a_run(repository: Repository, alone: dict[str, str]) -> None:
    before = repository.tracked_outputs()
    started = []
    for name, rate in RATES.items():
        command = ["dvc", "exp", "run", "--temp", "--name", name, *spell(rate), TARGET]
        started.append(repository.start(*command))
        # DVC refuses to prepare two experiments at once; each has begun when it has a folder.
        while len(list((repository.root / ".dvc/tmp/exps/standalone").glob("tmp*"))) < len(started):
            assert started[-1].poll() is None, started[-1].communicate()
            time.sleep(0.1)
        time.sleep(5)
    started.append(repository.start("dvc", "repro", "--force", "--single-item", "train@custom_cnn"))
    printed = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], "\n".join(printed)
    assert {name: read_scores(repository, name) for name in RATES} == alone
    assert repository.tracked_outputs() == before


def test_two_workers_of_a_queue(repository: Repository, alone: dict[str, str]) -> None:
    for name, rate in RATES.items():
        repository.dvc("exp", "run", "--queue", "--name", name, *spell(rate), TARGET)
    started = repository.start("dvc", "queue", "start", "--jobs", "2")
    try:
        while {"Running", "Queued"} & {*(status := repository.dvc("queue", "status")).split()}:
            time.sleep(2)
    finally:
        # One of several workers of DVC may stay when there is nothing left to do, and keeps its output open.
        for file in (repository.root / ".dvc/tmp/exps/celery").glob("*.pid"):
            with suppress(ProcessLookupError):
                os.kill(int(file.read_text()), signal.SIGTERM)
        started.communicate()
    assert status.count("Success") == 2, status
    assert {name: read_scores(repository, name) for name in RATES} == alone


def test_two_searches_of_one_study_beside_a_run(repository: Repository, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    reference = separate(repository, tmp_path / "reference")
    before = repository.tracked_outputs()
    (repository.root / "rates.yaml").write_text(SPACE)
    started = [repository.start("lesions", "search", "rates.yaml") for _ in range(2)]
    started.append(repository.start("dvc", "repro", "--force", "--single-item", "train@custom_cnn"))
    printed = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], "\n".join(printed)
    assert repository.tracked_outputs() == before
    trials = [f"rates-{number}" for number in range(4)]
    assert {*repository.dvc("exp", "list", "--name-only").split()} == {"rates-default-0", *trials}
    for trial in trials:
        assert sum(f"{trial}: learning_rate" in output for output in printed[:2]) == 1, "\n".join(printed)
    commit = repository.find_experiment("rates-3")
    parameters = YAML(typ="safe").load(repository.run("git", "show", f"{commit}:params.yaml").stdout)
    rate = parameters["architectures"]["custom_cnn"]["learning_rate"]
    reference.dvc("exp", "run", "--temp", "--name", "alone", *spell(rate), TARGET)
    assert read_scores(reference, "alone") == read_scores(repository, "rates-3")
