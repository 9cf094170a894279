"""Trials as experiments of DVC: what they leave when they end, are pruned, stopped or killed."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lesions.errors import InputError
from tests.repository import Repository
from tests.searched_project import SEARCHED
from tests.small_project import build_project

pytest.importorskip("optuna")

import psutil
from optuna.study import Study

from lesions.experiments.search.epochs import read_history
from lesions.experiments.search.experiment import (
    TrialExperiment,
    TrialFailedError,
    end_orphans,
    list_stages,
    wait_until_begun,
)
from lesions.experiments.search.search import OnEpoch, Outcome, Runner, check_workspace, run_trials
from lesions.experiments.search.space import Range, SearchSettings, SearchSpace
from lesions.experiments.search.study import open_study

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning"),  # of what DVC calls
]

SPACE = SearchSpace(SearchSettings(study="s", model="small", trials=1), {"training.rate": Range(low=0.1, high=0.9)})
PARAMS = Path("params.yaml")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return build_project(tmp_path_factory.mktemp("searched") / "project", files=SEARCHED)


@pytest.fixture
def project(built: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """A copy of the project, which is the current folder; each test leaves its workspace as it was."""
    copied = built.copy_all(tmp_path / "copy")
    monkeypatch.chdir(copied.root)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    Path(".search").mkdir()
    yield copied
    assert copied.run("git", "status", "--porcelain", "--untracked-files=no").stdout == ""
    assert list(Path(".dvc/tmp/exps/standalone").glob("tmp*")) == []


def list_nothing(_: Path) -> list[str]:
    return []


def open_here(space: SearchSpace = SPACE) -> Study:
    return open_study("sqlite:///.search/s.db", space, num_epochs=3)


def run(names: Sequence[str], on_epoch: OnEpoch) -> Outcome | None:
    return Runner(open_here(), SPACE, PARAMS, list_nothing)(names, {"training.rate": 0.7}, on_epoch)


def search(num_trials: int) -> Study:
    space = replace(SPACE, settings=SPACE.settings.model_copy(update={"trials": num_trials}))
    study = open_here(space)
    run_trials(study, space, Runner(study, space, PARAMS, list_nothing))
    return study


def make_slow(project: Repository) -> None:
    text = PARAMS.read_text()
    PARAMS.write_text(text.replace("num_epochs: 3, pause_seconds: 0", "num_epochs: 400, pause_seconds: 0.2"))
    project.commit("Train for long")


def test_a_trial_is_an_experiment_named_by_study_and_number(project: Repository) -> None:
    (trial,) = search(1).get_trials()
    rate = trial.params["training.rate"]
    assert trial.values == [pytest.approx(rate)]
    assert trial.user_attrs["num_parameters"] == 10
    shown = project.run("git", "show", f"{trial.user_attrs['commit']}:params.yaml").stdout
    assert f"rate: {rate}" in shown
    assert "seal: true" in shown
    assert {path.name for path in Path(".search").iterdir()} == {"asking.lock", "s.db", "starting.lock"}
    PARAMS.write_text(PARAMS.read_text().replace("rate: 0.5", "rate: 0.6"))
    with pytest.raises(InputError, match=r"the study s was begun from other files: .* training.rate \(0.5 and 0.6\)"):
        search(2)
    check_workspace(open_here(SPACE), but="training.rate")
    project.run("git", "checkout", "params.yaml")
    search(2)
    names = project.dvc("exp", "list", "--name-only").split()
    assert names == ["s-0", "s-2"]  # s-1 met the other parameters, and was asked again


def test_a_trial_that_is_pruned_or_fails_leaves_nothing(project: Repository) -> None:
    make_slow(project)
    seen: list[dict[str, Any]] = []

    def prune(entry: dict[str, Any]) -> bool:
        seen.append(entry)
        return entry["epoch"] >= 2

    assert run(["s-0"], prune) is None
    assert [entry["epoch"] for entry in seen] == [1, 2]
    assert seen[0]["val"]["balanced_accuracy"] == pytest.approx(0.7 / 1000)
    assert project.dvc("exp", "list", "--name-only").split() == []
    PARAMS.write_text(PARAMS.read_text().replace("num_epochs: 400", "num_epochs: many"))
    project.commit("Break it")
    with pytest.raises(TrialFailedError, match="failed to reproduce 'train@small'"):
        Runner(open_study("sqlite:///.search/t.db", SPACE, num_epochs=3), SPACE, PARAMS, list_nothing)(
            ["s-1"], {"training.rate": 0.7}, prune
        )


def test_a_trial_that_is_stopped_resumes_after_its_last_epoch(project: Repository) -> None:
    make_slow(project)

    def stop(_: object) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["s-0"], stop)
    history, _ = read_history(Path(".search/s-0"))
    assert len(history) >= 1
    assert run(["s-0", "s-1"], lambda entry: entry["epoch"] > len(history)) is None
    assert f"resuming after {len(history)}" in Path(".search/s-0/log.txt").read_text()


@pytest.mark.parametrize("is_killed", [False, True], ids=["search-killed", "dvc-killed-too"])
def test_what_a_killed_search_leaves_is_ended(project: Repository, is_killed: bool) -> None:
    make_slow(project)
    orphan = TrialExperiment("s-0", "evaluate@small", {"training.rate": 0.7}, Path(".search/s-0").absolute())
    process = psutil.Popen(orphan.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until_begun(process)
    end_orphans(["s-1", "s"])
    assert process.poll() is None
    if is_killed:
        (stage,) = list_stages(process)
        process.kill()
        process.wait()
        stage.kill()
        assert list(Path(".dvc/tmp/exps/standalone").glob("tmp*"))
    end_orphans(["s-0"])
    assert process.wait() != 0
