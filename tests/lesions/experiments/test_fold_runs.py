"""Folds that are shared out, in a database that several processes use, with runs that take no time."""

import multiprocessing
import subprocess
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from lesions.errors import InputError

pytest.importorskip("optuna")

from optuna.trial import TrialState

from lesions.experiments.fold_runs import (
    check_remotes,
    claim_fold,
    find_ended,
    name_study,
    run_fold,
    run_missing,
)
from lesions.experiments.inputs import Inputs
from lesions.experiments.search import study as studies
from lesions.experiments.search.lease import release_trial
from lesions.experiments.search.space import SearchSettings, SearchSpace

NUM_FOLDS = 5


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def open_here(folder: Path) -> Any:
    settings = SearchSettings(study="folds_0", model="m", trials=NUM_FOLDS)
    return studies.open_study(f"sqlite:///{folder}/study.db", SearchSpace(settings, {}), num_epochs=1)


def run_when_all_are_there(folder: Path, barrier: Barrier) -> list[int]:
    """Run folds as one of several processes; return those that this one ran."""
    ran: list[int] = []
    study = open_here(folder)
    barrier.wait()
    run_missing(study, NUM_FOLDS, lambda names, fold: ran.append(fold))
    return ran


def test_processes_that_begin_at_once_run_each_fold_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(2, mp_context=context) as processes:
        barrier = manager.Barrier(2)
        running = [processes.submit(run_when_all_are_there, tmp_path, barrier) for _ in range(2)]
        ran = [fold for each in running for fold in each.result()]
    assert sorted(ran) == list(range(NUM_FOLDS))
    assert list(find_ended(open_here(tmp_path))) == list(range(NUM_FOLDS))


def test_a_fold_that_two_processes_listed_is_run_once(tmp_path: Path) -> None:
    study = open_here(tmp_path)
    for _ in range(2):
        study.enqueue_trial({"split.fold": 1})
    first, second = claim_fold(study, NUM_FOLDS), claim_fold(study, NUM_FOLDS)
    assert first is not None
    assert first.params == {"split.fold": 1}
    assert second is None
    assert [trial.state.name for trial in study.get_trials()] == ["RUNNING", "FAIL"]
    assert claim_fold(study, NUM_FOLDS) is None


def test_a_fold_whose_process_was_killed_is_run_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(studies, "LEASE_SECONDS", 2)
    killed = open_here(tmp_path)
    killed.enqueue_trial({"split.fold": 3})
    claimed = claim_fold(killed, NUM_FOLDS)
    assert claimed is not None
    ran: dict[int, Sequence[str]] = {}
    run_missing(open_here(tmp_path), NUM_FOLDS, lambda names, fold: ran.update({fold: names}))
    assert list(ran) == [0, 1, 2, 4, 3]
    assert ran[3] == ["folds_0-0", "folds_0-5"]
    assert "folds_0-5: fold 3" in capsys.readouterr().out


def test_a_fold_whose_process_was_killed_before_it_asked_again_is_run(tmp_path: Path) -> None:
    killed = open_here(tmp_path)
    killed.enqueue_trial({"split.fold": 3})
    claimed = claim_fold(killed, NUM_FOLDS)
    assert claimed is not None
    killed.tell(claimed, state=TrialState.FAIL)
    ran: list[int] = []
    run_missing(open_here(tmp_path), NUM_FOLDS, lambda names, fold: ran.append(fold))
    assert ran == list(range(NUM_FOLDS))


@pytest.mark.parametrize("is_ended", [False, True])
def test_a_fold_that_was_taken_over_meanwhile_ends_without_an_error(
    is_ended: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its experiment goes on to its end, or is ended by the process that has the fold now."""
    study = open_here(tmp_path)
    study.enqueue_trial({"split.fold": 3})
    trial = claim_fold(study, NUM_FOLDS)
    assert trial is not None

    def lose_lease(names: Sequence[str], fold: int) -> None:
        release_trial(open_here(tmp_path), trial)
        if is_ended:
            raise InputError("fold 3 failed")

    run_fold(study, trial, lose_lease)
    assert "folds_0-0: its lease ran out, and another process has taken it over" in capsys.readouterr().out
    assert [each.state for each in study.get_trials()] == [TrialState.FAIL, TrialState.WAITING]


def test_a_fold_that_fails_stops_the_command_and_is_run_again_by_the_next(tmp_path: Path) -> None:
    def fail(names: Sequence[str], fold: int) -> None:
        raise InputError(f"{names[-1]} failed")

    with pytest.raises(InputError, match=r"^folds_0-0 failed$"):
        run_missing(open_here(tmp_path), NUM_FOLDS, fail)
    ran: list[int] = []
    run_missing(open_here(tmp_path), NUM_FOLDS, lambda names, fold: ran.append(fold))
    assert sorted(ran) == list(range(NUM_FOLDS))


def test_a_study_is_named_by_all_that_decides_the_folds_but_for_the_fold() -> None:
    inputs = Inputs({"split.fold": None, "training.seed": 0}, {"data/raw": "abc"})
    assert name_study(Inputs({"split.fold": 2, "training.seed": 0}, {"data/raw": "abc"})) == name_study(inputs)
    for other in (
        Inputs({"split.fold": None, "training.seed": 1}, {"data/raw": "abc"}),
        Inputs({"split.fold": None, "training.seed": 0}, {"data/raw": "abd"}),
    ):
        assert name_study(other) != name_study(inputs)


def test_folds_are_not_shared_without_the_remotes_over_which_they_are_exchanged() -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    with pytest.raises(
        InputError, match=r"^machines exchange their folds over the remote origin of git, which is missing$"
    ):
        check_remotes("storage")
    subprocess.run(["git", "remote", "add", "origin", "elsewhere"], check=True)
    check_remotes("storage")
    with pytest.raises(
        InputError, match=r"^machines exchange their folds over a remote of DVC; `lesions storage --add` adds one$"
    ):
        check_remotes(None)
