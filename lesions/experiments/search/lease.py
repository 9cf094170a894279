"""The lease of a trial: its process renews it, and once it has run out, another process asks the trial again."""

import copy
import platform
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock
from optuna.exceptions import ExperimentalWarning
from optuna.storages import RetryHeartbeatStaleTrialCallback, fail_stale_trials
from optuna.storages._heartbeat import BaseHeartbeat, get_heartbeat_thread
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from lesions.experiments.running import SEARCHES

LEASE_SECONDS = 60
RENEWAL_SECONDS = 10

MACHINE = "machine"
"""The attribute of a trial: the machine on which it ran or runs, set once its lease has begun."""


@contextmanager
def take_turns() -> Iterator[None]:
    """Let the processes of this clone ask for trials one at a time: SQLite would give the same one to two of them.

    Other databases lock the trial. Optuna's warnings are left out.
    """
    with FileLock(SEARCHES / "asking.lock"), without_warnings():
        yield


def begin_lease(study: Study, trial: Trial) -> None:
    """Begin the lease of a trial that was asked just now."""
    assert isinstance(study._storage, BaseHeartbeat)
    study._storage.record_heartbeat(trial._trial_id)
    trial.set_user_attr(MACHINE, platform.node())


@contextmanager
def hold_lease(study: Study, trial: Trial, name: str) -> Iterator[None]:
    """Renew a trial's lease within a block, which tells the study what the trial came to.

    If the block is left by an exception, the trial is asked again. If another process has taken the trial over in the
    meantime, an error of the block is no news of the trial; what has happened is said with the trial's name.
    """
    try:
        with get_heartbeat_thread(trial._trial_id, study._storage):
            yield
    except BaseException as error:
        if isinstance(error, Exception) and not is_held(study, trial):
            print(f"{name}: its lease ran out, and another process has taken it over", flush=True)
            return
        release_trial(study, trial)
        raise


def is_held(study: Study, trial: Trial | FrozenTrial) -> bool:
    """Return whether no process has ended a trial yet."""
    return study.get_trials(deepcopy=False)[trial.number].state == TrialState.RUNNING


def release_stale(study: Study) -> None:
    """Ask again the trials whose lease has run out."""
    with take_turns():
        fail_stale_trials(study)


def release_trial(study: Study, trial: Trial | FrozenTrial) -> None:
    """Ask a trial again that was stopped before its end, unless another process has done so."""
    if is_held(study, trial):
        ask_again(study, study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True))


def release_unclaimed(study: Study, since: dict[int, float]) -> None:
    """Ask again the trials whose process was killed before their lease began, once they are seen so for long."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if MACHINE not in trial.user_attrs:
            seen = since.setdefault(trial.number, time.monotonic())
            if time.monotonic() - seen > LEASE_SECONDS:
                release_trial(study, trial)


def ask_again(study: Study, trial: FrozenTrial) -> None:
    """Add a trial that was stopped to those that are asked next, without what its process has said of it."""
    asked = copy.copy(trial)
    asked.user_attrs = {}
    with without_warnings():
        RetryHeartbeatStaleTrialCallback()(study, asked)


def list_numbers(study: Study, trial: Trial) -> list[int]:
    """Return the numbers that a trial had each time it was asked, its own last."""
    with without_warnings():
        history = RetryHeartbeatStaleTrialCallback.retry_history(study.get_trials(deepcopy=False)[trial.number])
    return [*history, trial.number]


@contextmanager
def without_warnings() -> Iterator[None]:
    """Leave out Optuna's warnings that leases are experimental, and meant for another way to run trials."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.filterwarnings("ignore", "Heartbeat of storage", UserWarning)
        yield
