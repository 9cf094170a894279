"""The figures of a trial: its scores on the validation images, and how large and fast the network is."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from lesions.evaluation.verdict import METRIC_WORDS, spell_number
from lesions.experiments.search.experiment import TrialFailedError
from lesions.experiments.search.space import Objective
from lesions.experiments.search.study import FAILURE
from lesions.tables.paths import ModelPaths

OBJECTIVE_WORDS: dict[Objective, str] = {
    "balanced_accuracy": METRIC_WORDS["balanced_accuracy"],
    "log_loss": "log loss",
    "num_parameters": "parameters",
    "epoch_seconds": "seconds per epoch",
}


def read_figures(commit: str, model: str, seconds: float | None) -> dict[Objective, float]:
    """Return the objectives of a trial that its experiment knows.

    Parameters
    ----------
    commit
        The hash of the experiment's commit.
    seconds
        The mean time of an epoch, or None if it is not known.
    """
    paths = ModelPaths(model)
    val, train = (_read_metrics(commit, paths.metrics_file(name).as_posix()) for name in ("val", "train"))
    found = {
        "balanced_accuracy": val.get("balanced_accuracy"),
        "log_loss": val.get("log_loss"),
        "num_parameters": train["num_parameters"],
        "epoch_seconds": seconds,
    }
    return {name: found[name] for name in OBJECTIVE_WORDS if found[name] is not None}


def check_figures(figures: Mapping[Objective, float], objectives: tuple[Objective, ...]) -> None:
    """Raise TrialFailedError if an objective of a trial is not known."""
    if "epoch_seconds" in objectives and "epoch_seconds" not in figures:
        raise TrialFailedError("its epochs ended too quickly to be timed, or were not trained anew")
    for name in objectives:
        if name not in figures:
            raise TrialFailedError(f"the validation images do not define its {OBJECTIVE_WORDS[name]}")


def spell_figure(name: Objective, value: float) -> str:
    """Return an objective with its words, such as `balanced accuracy 0.512`."""
    return (
        f"{value:,.0f} parameters" if name == "num_parameters" else f"{OBJECTIVE_WORDS[name]} {spell_number(value)}"
    )


def describe_trial(name: str, trial: FrozenTrial, objectives: tuple[Objective, ...]) -> str:
    """Say what a trial came to."""
    if trial.state == TrialState.COMPLETE:
        return f"{name}: " + ", ".join(map(spell_figure, objectives, trial.values))
    if trial.state == TrialState.PRUNED:
        return f"{name}: pruned after epoch {trial.last_step}"
    return f"{name}: failed: {trial.user_attrs[FAILURE]}"


def describe_values(values: Mapping[str, Any]) -> str:
    """Return parameters with their values, by their shortest names: `learning_rate 0.01, widths [8, 16]`."""
    return ", ".join(f"{name.rpartition('.')[2]} {spell_value(value)}" for name, value in values.items())


def spell_value(value: object) -> str:
    """Return a value as it is written in YAML; a number with four digits."""
    return f"{value:.4g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)


def _read_metrics(commit: str, path: str) -> dict[str, Any]:
    """Read a metrics file of an experiment, which is in git."""
    command = ["git", "show", f"{commit}:./{path}"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
