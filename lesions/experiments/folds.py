"""Finding the experiments of one cross-validation."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dvc.repo import Repo

from lesions.errors import InputError
from lesions.experiments.differences import (
    list_changed_files,
    list_changed_parameters,
    list_changes,
    name_some,
)
from lesions.experiments.inputs import Inputs, read_current_inputs
from lesions.experiments.revisions import (
    Experiment,
    fetch_output,
    find_commits,
    open_experiments,
    read_experiment,
    read_parameter_file,
)
from lesions.tables.splits import read_splits

FOLD = "split.fold"
NUM_FOLDS = "split.num_folds"

PLAIN = re.compile(r"(?!(?:true|false|null|nan|inf)$)[A-Za-z_][\w./-]*", re.IGNORECASE | re.ASCII)
"""Text that `dvc exp run --set-param` takes for text without quotes."""


def find_folds(names: Sequence[str]) -> list[Experiment]:
    """Return the experiments that test the folds of one split, in the order of the folds.

    All must have been made from the same data and code, and by the same parameters but for the fold. Experiments that
    are not named must also have the data and the code of the workspace; of those that are named, it is said where
    they do not. Parameters that the workspace has otherwise are said in either case.

    Parameters
    ----------
    names
        Their names; if empty, all experiments that started from the last commit and test a fold.

    Raises
    ------
    InputError
        If they are not all folds of one setting, on the same groups.
    """
    with open_experiments() as repo:
        commits = find_commits(repo, names)
        if not names:
            commits = {
                name: commit
                for name, commit in commits.items()
                if read_fold(read_parameter_file(repo, commit)) is not None
            }
        if not commits:
            raise InputError(
                "no experiment that started from the last commit tests a fold; "
                "`dvc exp run --queue -S 'split.fold=range(0,5)'` and `dvc exp run --run-all` run five"
            )
        experiments = [read_experiment(repo, name, commit) for name, commit in commits.items()]
        check_agreement(repo, experiments)
        now = read_current_inputs(repo)
        compare_with_workspace(repo, experiments[0].inputs, now, named=bool(names))
    folds = order_by_fold(experiments, now)
    check_same_groups(folds)
    return folds


def read_fold(parameters: Mapping[str, Any]) -> int | None:
    """Return the fold that an experiment tested, or None; experiments from before folds existed tested none."""
    return (parameters.get("split") or {}).get("fold")


def check_agreement(repo: Repo, experiments: Sequence[Experiment]) -> None:
    """Refuse experiments that were made from different data, code or parameters, but for the fold."""
    first, *others = experiments
    for other in others:
        if differences := list_changes(repo, first.inputs, other.inputs, but=FOLD):
            raise InputError(
                f"{first.name} and {other.name} differ in {name_some(differences)}, so they are not folds of one "
                "setting; name the experiments to pool: lesions folds NAME…"
            )


def compare_with_workspace(repo: Repo, inputs: Inputs, now: Inputs, *, named: bool) -> None:
    """Say in what the experiments differ from the workspace; refuse other data or code, unless they were named."""
    files = list_changed_files(repo, inputs, now)
    if files and not named:
        raise InputError(
            f"the experiments differ from the workspace in {name_some(files)}; run them anew, or name them to pool "
            "what they are: lesions folds NAME…"
        )
    if differences := [*list_changed_parameters(inputs, now, but=FOLD), *files]:
        print(f"the experiments differ from the workspace in {name_some(differences)}")


def order_by_fold(experiments: Sequence[Experiment], now: Inputs) -> list[Experiment]:
    """Return the experiments in the order of their folds, after checking that each fold is tested once.

    Parameters
    ----------
    experiments
        Experiments that differ in the fold alone.
    now
        The workspace, to say how a missing fold is run.
    """
    by_fold: dict[int, Experiment] = {}
    for experiment in experiments:
        fold = experiment.inputs.parameters.get(FOLD)
        if fold is None:
            raise InputError(f"{experiment.name} does not test a fold: its {FOLD} is null or missing")
        if fold in by_fold:
            raise InputError(
                f"{by_fold[fold].name} and {experiment.name} both test fold {fold}; name the experiments to pool: "
                "lesions folds NAME…"
            )
        by_fold[fold] = experiment
    inputs = experiments[0].inputs
    num_folds = inputs.parameters[NUM_FOLDS]
    missing = [str(fold) for fold in range(num_folds) if fold not in by_fold]
    if missing:
        settings = shlex.join(
            part for text in [*list_settings(inputs, now), f"{FOLD}={','.join(missing)}"] for part in ("-S", text)
        )
        raise InputError(
            f"no experiment tests the fold {', '.join(missing)} of {num_folds}; run what is missing with "
            f"`dvc exp run --queue {settings}` and `dvc exp run --run-all`"
        )
    return [by_fold[fold] for fold in range(num_folds)]


def list_settings(inputs: Inputs, now: Inputs) -> Iterable[str]:
    """Yield what `dvc exp run --set-param` needs to run the workspace with the parameters of an experiment."""
    names = sorted(inputs.parameters.keys() | now.parameters.keys())
    for name in names:
        if name == FOLD:
            continue
        if name not in inputs.parameters:
            yield f"~{name}"
        elif name not in now.parameters:
            yield f"+{name}={spell_setting(inputs.parameters[name])}"
        elif inputs.parameters[name] != now.parameters[name]:
            yield f"{name}={spell_setting(inputs.parameters[name])}"


def spell_setting(value: object) -> str:
    """Return a value as `dvc exp run --set-param` reads it."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{spell_setting(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spell_setting, value)) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    # OmegaConf fills in `${`, and backslashes count before it; within Hydra's quotes, they count only before a quote.
    uninterpolated = re.sub(r"(\\*)\$\{", r"\1\1\\${", value)
    escaped = re.sub(r'(\\*)("|\Z)', lambda found: 2 * found[1] + (found[2] and '\\"'), uninterpolated)
    return value if PLAIN.fullmatch(value) else f'"{escaped}"'


def check_same_groups(experiments: Sequence[Experiment]) -> None:
    """Refuse experiments with different images or groups: the names of groups are valid only within one run."""
    first, *others = ((experiment.name, read_groups(experiment)) for experiment in experiments)
    for name, groups in others:
        if groups != first[1]:
            raise InputError(
                f"{first[0]} and {name} have different images or groups in data/splits.csv, so they are not folds of "
                "one dataset"
            )


def read_groups(experiment: Experiment) -> dict[str, str]:
    """Return the group of each image in an experiment."""
    with fetch_output(experiment, "data/splits.csv") as file:
        splits = read_splits(file)
    return dict(zip(splits.image_id, splits.group_id, strict=True))
