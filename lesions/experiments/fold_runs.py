"""Running the folds of a split, on one machine or on several that share a database.

The database is that of searches (`lesions.experiments.search.study`), with a trial for each fold. A running fold has
a lease; if its process is killed, another one runs the fold again.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from optuna.distributions import IntDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from lesions.errors import InputError
from lesions.evaluation.seal import check_may_look
from lesions.experiments.folds import FOLD, NUM_FOLDS
from lesions.experiments.inputs import Inputs, hash_inputs, read_current_inputs
from lesions.experiments.revisions import open_experiments
from lesions.experiments.running import run_whole
from lesions.experiments.search.lease import (
    begin_lease,
    hold_lease,
    list_numbers,
    release_stale,
    release_unclaimed,
    take_turns,
)
from lesions.experiments.search.search import WAIT_SECONDS, check_workspace
from lesions.experiments.search.space import SearchSettings, SearchSpace
from lesions.experiments.search.study import find_storage, open_study
from lesions.gate.metrics import PARAMS
from lesions.parameters.models import read_models
from lesions.project.git import ask_git

GIT_REMOTE = "origin"
"""The remote of git over which machines exchange experiments."""

RunFold = Callable[[Sequence[str], int], None]
"""Runs a fold; it is given the names that its experiment had each time it was asked, and the fold."""


def run_folds(storage: str | None) -> list[str]:
    """Run the folds of the workspace that no process has run yet, and return the names of all their experiments.

    Parameters
    ----------
    storage
        The URL of a database that several machines share, which then exchange their experiments over the remotes of
        git and DVC; by default a file in this clone.

    Raises
    ------
    InputError
        If the test images are sealed, a remote is missing, an experiment fails, or one would not see the workspace as
        it is.
    """
    check_may_look(PARAMS)
    with open_experiments() as repo:
        now = read_current_inputs(repo)
        if storage is not None:
            check_remotes(repo.config["core"].get("remote"))
    num_folds = now.parameters[NUM_FOLDS]
    settings = SearchSettings(study=name_study(now), model=read_models(PARAMS)[0], trials=num_folds)
    space = SearchSpace(settings, {})
    study = open_study(find_storage(space, storage), space, num_epochs=1)
    print(f"{study.study_name}: {len(find_ended(study))} of {num_folds} folds have been run", flush=True)

    def run(names: Sequence[str], fold: int) -> None:
        run_whole(names, {FOLD: fold}, f"fold {fold}", check=partial(check_workspace, study, but=FOLD))
        if storage is not None:
            run_dvc("exp", "push", GIT_REMOTE, names[-1])

    run_missing(study, num_folds, run)
    names = [name_experiment(study, trial.number) for trial in find_ended(study).values()]
    if storage is not None:
        run_dvc("exp", "pull", GIT_REMOTE, *names)
    return names


def check_remotes(remote: str | None) -> None:
    """Refuse to share folds without the remotes over which machines exchange them.

    Parameters
    ----------
    remote
        The name of DVC's default remote, if there is one.
    """
    if remote is None:
        raise InputError("machines exchange their folds over a remote of DVC; `lesions storage --add` adds one")
    if GIT_REMOTE not in ask_git("remote").split():
        raise InputError(f"machines exchange their folds over the remote {GIT_REMOTE} of git, which is missing")


def name_study(inputs: Inputs) -> str:
    """Return the name that the folds of one setting have on all machines, whichever fold the workspace tests."""
    return f"folds_{hash_inputs(inputs, but=FOLD)}"


def name_experiment(study: Study, number: int) -> str:
    """Return the name of the experiment of a trial."""
    return f"{study.study_name}-{number}"


def run_missing(study: Study, num_folds: int, run: RunFold) -> None:
    """Run the folds that have not ended, and wait for those that other processes run."""
    unclaimed: dict[int, float] = {}
    list_missing(study, num_folds)
    while len(find_ended(study)) < num_folds:
        release_stale(study)
        if trial := claim_fold(study, num_folds):
            run_fold(study, trial, run)
        else:
            release_unclaimed(study, unclaimed)
            list_missing(study, num_folds)
            time.sleep(WAIT_SECONDS)


def list_missing(study: Study, num_folds: int) -> None:
    """Put the folds on the list that have no trial, or whose process was killed before it asked for another one."""
    trials = study.get_trials(deepcopy=False)
    listed = {read_fold(trial) for trial in trials if trial.state != TrialState.FAIL}
    for fold in sorted({*range(num_folds)} - listed):
        study.enqueue_trial({FOLD: fold})


def find_ended(study: Study) -> dict[int, FrozenTrial]:
    """Return the trials that ran to their ends, by their folds in order."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return dict(sorted((trial.params[FOLD], trial) for trial in trials))


def claim_fold(study: Study, num_folds: int) -> Trial | None:
    """Return the next fold, or None if other processes have the last ones.

    Two processes that begin a study at once may both have put a fold on the list, and a trial that another process
    takes at the same moment leaves one with a fold at random. So what counts is the first trial of each fold.
    """
    if not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        return None
    with take_turns():
        trial = study.ask({FOLD: IntDistribution(0, num_folds - 1)})
    begin_lease(study, trial)
    earlier = study.get_trials(deepcopy=False)[: trial.number]
    if any(each.state != TrialState.FAIL and read_fold(each) == trial.params[FOLD] for each in earlier):
        study.tell(trial, state=TrialState.FAIL)
        return None
    return trial


def read_fold(trial: FrozenTrial) -> int | None:
    """Return the fold of a trial, also of one that waits."""
    return trial.params.get(FOLD, trial.system_attrs.get("fixed_params", {}).get(FOLD))


def run_fold(study: Study, trial: Trial, run: RunFold) -> None:
    """Run one fold and tell the study that it has ended; if this process is stopped, it is asked again."""
    names = [name_experiment(study, number) for number in list_numbers(study, trial)]
    fold = trial.params[FOLD]
    with hold_lease(study, trial, names[-1]):
        print(f"{names[-1]}: fold {fold}", flush=True)
        run(names, fold)
        study.tell(trial, fold)


def run_dvc(*arguments: str) -> None:
    """Run DVC, which prints its progress; raise InputError if it fails."""
    if subprocess.run([sys.executable, "-m", "dvc", *arguments], check=False).returncode:
        raise InputError(f"`dvc {' '.join(arguments)}` failed; the same command runs only what is missing")
