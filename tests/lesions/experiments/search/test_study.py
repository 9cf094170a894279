"""The loop of a search, with trials that take no time: budget, repeatability, leases, pruning, failures."""

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from lesions.errors import InputError

optuna = pytest.importorskip("optuna")

from optuna.trial import TrialState  # noqa: E402

from lesions.experiments.search import study as studies  # noqa: E402
from lesions.experiments.search.experiment import TrialFailedError  # noqa: E402
from lesions.experiments.search.lease import release_stale, release_trial  # noqa: E402
from lesions.experiments.search.search import OnEpoch, Outcome, RunTrial, run_trials  # noqa: E402
from lesions.experiments.search.space import Choices, Domain, Pruner, Range, SearchSettings, SearchSpace  # noqa: E402
from lesions.experiments.search.study import check_same_space, open_study  # noqa: E402

DOMAINS: dict[str, Domain] = {"rate": Range(low=0.001, high=1, log=True), "widths": Choices(choices=[[8], [16]])}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def build_space(**settings: Any) -> SearchSpace:
    return SearchSpace(SearchSettings.model_validate({"study": "s", "model": "m", "trials": 4} | settings), DOMAINS)


def open_here(space: SearchSpace, database: str = "study.db") -> Any:
    return open_study(f"sqlite:///{database}", space, num_epochs=9)


def score(names: Sequence[str], values: dict[str, Any], _: OnEpoch) -> Outcome:
    return Outcome(f"commit of {names[-1]}", {"balanced_accuracy": values["rate"] / len(values["widths"])})


def list_trials(study: Any) -> list[tuple[float, str]]:
    return [(trial.params["rate"], trial.params["widths"]) for trial in study.get_trials()]


def stop_at(number: int, then: RunTrial = score, error: BaseException | None = None) -> RunTrial:
    def run(names: Sequence[str], values: dict[str, Any], on_epoch: OnEpoch) -> Outcome | None:
        if names[-1] == f"s-{number}":
            raise error or KeyboardInterrupt
        return then(names, values, on_epoch)

    return run


@pytest.mark.parametrize(("sampler", "num_trials"), [("tpe", 12), ("random", 4)])  # TPE begins with 10 at random
def test_a_search_is_repeatable_and_goes_on_as_if_it_had_not_been_stopped(sampler: str, num_trials: int) -> None:
    space = build_space(trials=num_trials, seed=3, sampler=sampler)
    whole = open_here(space)
    run_trials(whole, space, score)
    assert len({*list_trials(whole)}) == num_trials
    for trials in (3, num_trials - 1, num_trials):
        parts = build_space(trials=trials, seed=3, sampler=sampler)
        run_trials(open_here(parts, "parts.db"), parts, score)  # each as another process would
    assert list_trials(open_here(space, "parts.db")) == list_trials(whole)


def test_another_seed_asks_other_trials() -> None:
    asked = []
    for seed in (3, 4):
        space = build_space(trials=1, seed=seed)
        run_trials(open_here(space, f"{seed}.db"), space, score)
        asked += list_trials(open_here(space, f"{seed}.db"))
    assert asked[0] != asked[1]


def test_a_trial_that_is_stopped_is_asked_again_with_the_same_values(capsys: pytest.CaptureFixture[str]) -> None:
    space = build_space()
    study = open_here(space)
    with pytest.raises(KeyboardInterrupt):
        run_trials(study, space, stop_at(1))
    seen: list[Sequence[str]] = []

    def note(names: Sequence[str], values: dict[str, Any], on_epoch: OnEpoch) -> Outcome:
        seen.append(names)
        return score(names, values, on_epoch)

    run_trials(study, space, note)
    assert seen == [["s-1", "s-2"], ["s-3"], ["s-4"]]
    trials = list_trials(study)
    assert trials[1] == trials[2]
    states = [trial.state for trial in study.get_trials()]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, *[TrialState.COMPLETE] * 3]
    assert study.get_trials()[2].user_attrs["commit"] == "commit of s-2"
    assert "s-2: balanced accuracy" in capsys.readouterr().out


def test_a_trial_whose_process_was_killed_is_taken_over_once_its_lease_has_run_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(studies, "LEASE_SECONDS", 2)
    space = build_space(trials=1)
    killed = studies.ask_trial(open_here(space), space)
    assert killed is not None
    study = open_here(space)
    release_stale(study)
    assert [trial.state for trial in study.get_trials()] == [TrialState.RUNNING]
    run_trials(study, space, score, wait=False)  # it has its trial
    assert len(study.get_trials()) == 1
    run_trials(study, space, score)  # waits until the lease has run out
    first, second = study.get_trials()
    assert (first.state, second.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert first.params == second.params
    assert not killed.study.tell(killed.number, 0.9, skip_if_finished=True).values


def test_a_lease_is_renewed_while_a_trial_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studies, "LEASE_SECONDS", 2)
    monkeypatch.setattr(studies, "RENEWAL_SECONDS", 1)
    space = build_space(trials=1)

    def take_longer(names: Sequence[str], values: dict[str, Any], on_epoch: OnEpoch) -> Outcome:
        other = open_here(space)
        for _ in range(5):
            time.sleep(1)
            release_stale(other)
        assert [trial.state for trial in other.get_trials()] == [TrialState.RUNNING]
        return score(names, values, on_epoch)

    study = open_here(space)
    run_trials(study, space, take_longer)
    assert [trial.state for trial in study.get_trials()] == [TrialState.COMPLETE]


def test_what_comes_after_a_lost_lease_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    space = build_space(trials=1)
    study = open_here(space)

    def lose_lease(names: Sequence[str], values: dict[str, Any], on_epoch: OnEpoch) -> Outcome:
        if names[-1] == "s-0":
            release_trial(open_here(space), study.get_trials()[0])
        return score(names, values, on_epoch)

    run_trials(study, space, lose_lease)
    assert "s-0: its lease ran out, and another process has taken it over" in capsys.readouterr().out
    assert [trial.state for trial in study.get_trials()] == [TrialState.FAIL, TrialState.COMPLETE]


def test_a_trial_that_is_asked_again_has_nothing_of_what_its_process_said() -> None:
    space = build_space(trials=1)
    study = open_here(space)
    trial = studies.ask_trial(study, space)
    assert trial is not None
    trial.set_user_attr("failure", "out of memory")
    release_trial(study, trial)
    first, second = study.get_trials()
    assert {*first.user_attrs} == {"machine", "failure"}
    assert second.user_attrs == {}
    assert second.state == TrialState.WAITING


def report_epochs(values: Sequence[float], on_epoch: OnEpoch) -> int | None:
    """The epoch after which a trial is pruned."""
    for epoch, value in enumerate(values, start=1):
        if on_epoch({"epoch": epoch, "val": {"balanced_accuracy": value, "loss": 1 - value}}):
            return epoch
    return None


@pytest.mark.parametrize(
    ("objective", "kind", "warmup_epochs", "values", "pruned_after"),
    [
        ("balanced_accuracy", "median", 1, [0.1, 0.1, 0.1], 1),
        ("log_loss", "median", 1, [0.1, 0.1, 0.1], 1),
        ("balanced_accuracy", "median", 2, [0.1, 0.1, 0.1], 2),
        ("balanced_accuracy", "median", 1, [0.9, 0.1, 0.1], None),  # its best epoch is what counts
        ("balanced_accuracy", "none", 1, [0.1, 0.1, 0.1], None),
    ],
)
def test_a_trial_is_pruned_by_its_epochs(
    objective: Any,
    kind: Any,
    warmup_epochs: int,
    values: Sequence[float],
    pruned_after: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(studies, "STARTUP_TRIALS", 1)
    space = build_space(trials=2, objectives=(objective,), pruner=Pruner(kind=kind, warmup_epochs=warmup_epochs))
    study = open_here(space)
    ended: list[int | None] = []

    def train(names: Sequence[str], _: dict[str, Any], on_epoch: OnEpoch) -> Outcome | None:
        ended.append(report_epochs(values if names[-1] == "s-1" else [0.5, 0.5, 0.5], on_epoch))
        return None if ended[-1] else Outcome("", {objective: 0.5})

    run_trials(study, space, train)
    assert ended == [None, pruned_after]
    assert study.get_trials()[1].state == (TrialState.PRUNED if pruned_after else TrialState.COMPLETE)


def test_hyperband_prunes_too() -> None:
    space = build_space(trials=8, pruner=Pruner(kind="hyperband", warmup_epochs=1))
    study = open_here(space)

    def train(_: Sequence[str], values: dict[str, Any], on_epoch: OnEpoch) -> Outcome | None:
        pruned = report_epochs([values["rate"]] * 4, on_epoch)
        return None if pruned else Outcome("", {"balanced_accuracy": values["rate"]})

    run_trials(study, space, train)
    states = [trial.state for trial in study.get_trials()]
    assert len(states) == 8
    assert 1 <= states.count(TrialState.PRUNED) <= 6


def test_a_trial_that_fails_counts_and_is_not_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    space = build_space()
    study = open_here(space)
    run_trials(study, space, stop_at(1, error=TrialFailedError("the loss is nan")))
    assert [trial.state for trial in study.get_trials()].count(TrialState.FAIL) == 1
    assert len(study.get_trials()) == 4
    assert "s-1: failed: the loss is nan" in capsys.readouterr().out


def test_a_search_stops_if_all_trials_fail() -> None:
    def fail(*_: object) -> Outcome:
        raise TrialFailedError("no space left")

    space = build_space(trials=9)
    study = open_here(space)
    with pytest.raises(InputError, match="3 trials in a row failed, the last one by this:\nno space left"):
        run_trials(study, space, fail)
    with pytest.raises(InputError, match="the training with the parameters of the workspace failed:\nno space left"):
        run_trials(open_here(space.of_defaults), space.of_defaults, fail)
    assert len(study.get_trials()) == 3


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        ("log_loss", "the validation images do not define its log loss"),
        ("epoch_seconds", "its epochs ended too quickly to be timed, or were not trained anew"),
    ],
)
def test_an_objective_that_is_not_known_fails_a_trial(objective: Any, message: str) -> None:
    space = build_space(trials=1, objectives=("balanced_accuracy", objective))
    study = open_here(space)
    run_trials(study, space, score)
    assert study.get_trials()[0].user_attrs["failure"] == message


def test_several_objectives_have_a_front() -> None:
    space = build_space(trials=6, objectives=("balanced_accuracy", "num_parameters"))
    study = open_here(space)

    def run(names: Sequence[str], values: dict[str, Any], on_epoch: OnEpoch) -> Outcome:
        return Outcome("", {"balanced_accuracy": values["rate"], "num_parameters": 100 * values["rate"]})

    run_trials(study, space, run)
    assert len(study.best_trials) == 6  # what is better is larger


def test_a_study_goes_on_only_in_the_space_that_it_began_with() -> None:
    path = Path("space.yaml")
    space = build_space()
    check_same_space(open_here(space), space, path)
    more = build_space(trials=9)
    check_same_space(open_here(more), more, path)
    other = SearchSpace(space.settings.model_copy(update={"seed": 1}), {"rate": DOMAINS["rate"]})
    with pytest.raises(InputError, match=r"space.yaml: the study s was begun with another parameters, seed; give"):
        check_same_space(open_here(other), other, path)


def open_when_all_are_there(storage: str, barrier: Barrier) -> int:
    barrier.wait()
    return len(open_study(storage, build_space(trials=3), num_epochs=10).trials)


def test_processes_that_begin_a_study_at_once_share_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(4, mp_context=context) as processes:
        barrier = manager.Barrier(4)
        opened = [
            processes.submit(open_when_all_are_there, f"sqlite:///{tmp_path}/study.db", barrier) for _ in range(4)
        ]
        assert [each.result() for each in opened] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("url", "create", "message"),
    [
        ("study", True, "--storage: not the URL of a database"),
        ("sqlite:///study.db", False, "sqlite:///study.db: there is no study yet; `lesions search"),
        ("sqlite:////nowhere/at/all/study.db", True, "this database cannot be opened: unable to open database file"),
        ("nosql://user:secret@host/db", True, r"nosql://user:\*\*\*@host/db: this database cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_opened_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str, create: bool, message: str
) -> None:
    monkeypatch.setattr(studies, "WAITS_SECONDS", (0, 0))
    with pytest.raises(InputError, match=message) as caught:
        open_study(url, build_space(), num_epochs=1, create=create)
    assert "secret" not in str(caught.value)
