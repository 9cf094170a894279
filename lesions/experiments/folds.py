"""Finding the experiments of one cross-validation."""

from collections.abc import Mapping, Sequence
from typing import Any

from lesions.errors import InputError
from lesions.experiments.revisions import fetch_output, flatten_parameters, read_settings
from lesions.tables.splits import read_splits


def find_folds(experiments: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the parameters of the experiments that test the folds of one split, in the order of the folds.

    Parameters
    ----------
    experiments
        Their names; if empty, all experiments that started from the last commit and test a fold.

    Raises
    ------
    InputError
        If they are not all folds of one setting, on the same groups.
    """
    settings = read_settings(experiments)
    if not experiments:
        settings = {name: parameters for name, parameters in settings.items() if read_fold(parameters) is not None}
    if not settings:
        raise InputError(
            "no experiment that started from the last commit tests a fold; "
            "`dvc exp run --queue -S 'split.fold=range(0,5)'` and `dvc exp run --run-all` run five"
        )
    names = order_by_fold(settings)
    check_same_groups(names)
    return {name: settings[name] for name in names}


def order_by_fold(settings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the experiments in the order of their folds, after checking that they are all folds of one setting."""
    by_fold: dict[int, str] = {}
    first = next(iter(settings))
    for name, parameters in settings.items():
        fold = read_fold(parameters)
        if fold is None:
            raise InputError(f"{name} does not test a fold: in its params.yaml, split.fold is null or missing")
        if fold in by_fold:
            raise InputError(
                f"{by_fold[fold]} and {name} both test fold {fold}; name the experiments to pool: lesions folds NAME…"
            )
        by_fold[fold] = name
        here, there = flatten_parameters(parameters), flatten_parameters(settings[first])
        for key in sorted((here.keys() | there.keys()) - {"split.fold"}):
            if here.get(key) == there.get(key):
                continue
            raise InputError(
                f"{first} and {name} differ in {key} ({there.get(key)} and {here.get(key)}), so they are not folds "
                "of one setting; name the experiments to pool: lesions folds NAME…"
            )
    num_folds = settings[first]["split"]["num_folds"]
    missing = [str(fold) for fold in range(num_folds) if fold not in by_fold]
    if missing:
        raise InputError(
            f"no experiment tests the fold {', '.join(missing)} of {num_folds}; run what is missing with "
            f"`dvc exp run --queue -S split.fold={','.join(missing)}` and `dvc exp run --run-all`"
        )
    return [by_fold[fold] for fold in range(num_folds)]


def read_fold(parameters: Mapping[str, Any]) -> int | None:
    """Return the fold that an experiment tested, or None; experiments from before folds existed tested none."""
    return (parameters.get("split") or {}).get("fold")


def check_same_groups(experiments: Sequence[str]) -> None:
    """Refuse experiments with different images or groups: the names of groups are valid only within one run."""
    first, *others = ((name, read_groups(name)) for name in experiments)
    for name, groups in others:
        if groups != first[1]:
            raise InputError(
                f"{first[0]} and {name} have different images or groups in data/splits.csv, so they are not folds of "
                "one dataset"
            )


def read_groups(experiment: str) -> dict[str, str]:
    """Return the group of each image in an experiment."""
    with fetch_output(experiment, "data/splits.csv") as file:
        splits = read_splits(file)
    return dict(zip(splits.image_id, splits.group_id, strict=True))
