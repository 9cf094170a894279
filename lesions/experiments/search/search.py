"""Searching: asking for trials, running each as an experiment, and telling the study what it came to."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from lesions.errors import InputError
from lesions.experiments.differences import list_changes, name_some
from lesions.experiments.inputs import read_current_inputs
from lesions.experiments.revisions import open_experiments
from lesions.experiments.running import SEARCHES, run_experiment
from lesions.experiments.search.experiment import TrialExperiment, TrialFailedError, end_orphans
from lesions.experiments.search.figures import check_figures, describe_trial, describe_values, read_figures
from lesions.experiments.search.lease import hold_lease, list_numbers, release_stale, release_unclaimed
from lesions.experiments.search.space import Objective, SearchSpace
from lesions.experiments.search.study import (
    COMMIT,
    FAILURE,
    ask_trial,
    count_trials,
    has_ended,
    read_begun_inputs,
)
from lesions.experiments.search.values import Check, check_values
from lesions.experiments.tracked import check_tracked
from lesions.parameters.section import load_parameters
from lesions.project.revisions import resolve_revision

MAX_FAILURES = 3
"""Trials in a row that may fail."""

WAIT_SECONDS = 1.0
"""Time between two looks at the trials of other processes."""

OnEpoch = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class Outcome:
    """What a trial that ran to its end came to: its experiment, and those objectives that are known."""

    commit: str
    figures: dict[Objective, float]


RunTrial = Callable[[Sequence[str], dict[str, Any], OnEpoch], Outcome | None]
"""Runs a trial; returns None if it was pruned.

It is given the names that the trial had each time it was asked, its values, and a function that is called with each
epoch and returns whether to prune the trial.
"""


def run_trials(study: Study, space: SearchSpace, run: RunTrial, *, wait: bool = True) -> None:
    """Run trials until the study has as many as its space asks for.

    Parameters
    ----------
    wait
        Whether to wait for the last trials of other processes, which are taken over if their leases run out.

    Raises
    ------
    InputError
        If several trials in a row fail, or if `run` raises it; the trial is then asked again.
    """
    unclaimed: dict[int, float] = {}
    while True:
        release_stale(study)
        num_ended, num_running = count_trials(study)
        if num_ended >= space.settings.trials:
            return
        if num_ended + num_running < space.settings.trials:
            if trial := ask_trial(study, space):
                run_trial(study, space, trial, run)
                check_failures(study)
        elif wait:
            release_unclaimed(study, unclaimed)
            time.sleep(WAIT_SECONDS)
        else:
            return


def run_trial(study: Study, space: SearchSpace, trial: Trial, run: RunTrial) -> None:
    """Run one trial and tell the study what it came to; if this process is stopped, it is asked again."""
    objectives = space.settings.objectives
    names = [f"{study.study_name}-{number}" for number in list_numbers(study, trial)]
    name = names[-1]
    told: FrozenTrial | None = None
    with hold_lease(study, trial, name):
        values = space.list_parameters(trial.params)
        print(f"{name}: {describe_values(values) or 'the parameters of the workspace'}", flush=True)
        try:
            outcome = run(names, values, build_report(trial, space))
            if outcome is not None:
                check_figures(outcome.figures, objectives)
        except TrialFailedError as error:
            if not space.domains:
                raise InputError(f"the training with the parameters of the workspace failed:\n{error}") from error
            trial.set_user_attr(FAILURE, str(error))
            told = study.tell(trial, state=TrialState.FAIL)
        else:
            if outcome is not None:
                trial.set_user_attr(COMMIT, outcome.commit)
                for objective, figure in outcome.figures.items():
                    trial.set_user_attr(objective, figure)
            figures = None if outcome is None else [outcome.figures[each] for each in objectives]
            told = study.tell(trial, figures, state=TrialState.PRUNED if outcome is None else None)
    if told is None:
        return
    shutil.rmtree(SEARCHES / names[0], ignore_errors=True)
    print(describe_trial(name, told, objectives), flush=True)


def build_report(trial: Trial, space: SearchSpace) -> OnEpoch:
    """Return what reports the best epoch so far to the study, and says whether the study prunes the trial."""
    first, best = space.settings.objectives[0], min if space.settings.objectives[0] == "log_loss" else max
    values: list[float] = []

    def report(entry: dict[str, Any]) -> bool:
        if space.settings.pruner.kind == "none":
            return False
        values.append(best([entry["val"]["loss" if first == "log_loss" else first], *values]))
        trial.report(values[-1], entry["epoch"])
        return trial.should_prune()

    return report


def check_failures(study: Study) -> None:
    """Stop after several failures in a row."""
    last = [trial for trial in study.get_trials(deepcopy=False) if has_ended(trial)][-MAX_FAILURES:]
    if len(last) == MAX_FAILURES and all(FAILURE in trial.user_attrs for trial in last):
        raise InputError(
            f"{MAX_FAILURES} trials in a row failed, the last one by this:\n{last[-1].user_attrs[FAILURE]}"
        )


@dataclass(frozen=True)
class Runner:
    """Runs trials as experiments of DVC.

    Attributes
    ----------
    study
        The study, with what its trials read.
    space
        Its space.
    params
        The parameter file.
    check
        Says what is wrong with a parameter file.
    """

    study: Study
    space: SearchSpace
    params: Path
    check: Check

    def __call__(self, names: Sequence[str], values: dict[str, Any], on_epoch: OnEpoch) -> Outcome | None:
        """Run a trial, as `RunTrial` says.

        Its training state is kept under the first of its names, so that it goes on after its last epoch if it is
        asked again on the same machine.

        Raises
        ------
        TrialFailedError
            If its values do not go together, or the experiment fails.
        InputError
            If the workspace is not what the study began with.
        """
        settings, values = self.space.settings, self.space.fixed | values
        if problems := check_values(load_parameters(self.params), values, self.check):
            raise TrialFailedError("; ".join(problems))
        end_orphans(names)
        experiment = TrialExperiment(
            names[-1], f"evaluate@{settings.model}", values, (SEARCHES / names[0]).absolute()
        )
        check = partial(check_workspace, self.study)
        epochs = run_experiment(experiment, on_epoch, check)
        if epochs and epochs.seconds is None and "epoch_seconds" in settings.objectives:
            # DVC had this training in its run cache.
            epochs = run_experiment(replace(experiment, anew=True), on_epoch, check)
        if epochs is None:
            return None
        with open_experiments() as repo:
            commit = resolve_revision(repo, experiment.name)
        return Outcome(commit, read_figures(commit, settings.model, epochs.seconds))


def check_workspace(study: Study, *, but: str = "") -> None:
    """Refuse to run a trial from other data, code or parameters than those of the trials before it.

    Parameters
    ----------
    but
        The one parameter whose value in the workspace does not matter, because every experiment sets it.

    Raises
    ------
    InputError
        The message names what differs.
    """
    with open_experiments() as repo:
        check_tracked(repo)
        now = read_current_inputs(repo)
        begun = read_begun_inputs(study, now)
        if changed := list_changes(repo, begun, now, but=but):
            raise InputError(
                f"the study {study.study_name} was begun from other files: the workspace differs in "
                f"{name_some(changed)}; undo the change, or give search.study another name"
            )
