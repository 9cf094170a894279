"""`lesions folds`: find the experiments of a cross-validation, pool what they predicted, score it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from lesions.command_line.experiments import fetched, flatten, read_settings, read_test_predictions
from lesions.errors import InputError
from lesions.evaluation.comparison import Comparison, compare_models
from lesions.evaluation.folds import pool_folds, score_each_fold
from lesions.evaluation.predictions import Predictions, write_predictions
from lesions.evaluation.verdict import METRIC_WORDS, list_leads, spell_bounds


def run_folds(experiments: Sequence[str], output: Path) -> None:
    """Pool the folds that the experiments tested, write the pooled predictions, show the scores."""
    settings = read_settings(experiments)
    if not experiments:
        settings = {name: found for name, found in settings.items() if read_fold(found) is not None}
    if not settings:
        raise InputError(
            "no experiment that began at the last commit tests a fold; "
            "`dvc exp run --queue -S 'split.fold=range(0,5)'` and `dvc exp run --run-all` make five"
        )
    names = order_by_fold(settings)
    check_same_groups(names)
    folds = {name: read_test_predictions(name) for name in names}
    pooled = pool_folds(folds)
    for model, predictions in pooled.items():
        write_predictions(output / f"{model}.csv", predictions)
    comparison = compare_models(pooled, rivals=list(pooled))
    first = next(iter(pooled.values())).images
    Console().print(build_table(comparison, folds))
    metric = settings[names[0]]["compare"]["metric"]
    for line in list_leads(comparison, comparison.models, metric):
        print(line)
    for model in sorted({model for fold in folds.values() for model in fold} - pooled.keys()):
        print(f"{model} was left out: not every fold has it")
    print(
        f"{len(first)} images of {first.group_id.nunique()} groups, each tested by one of {len(folds)} folds; "
        f"in {output}/ are the pooled predictions of {', '.join(pooled)}"
    )


def order_by_fold(settings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the experiments by fold, once it is sure that they are all the folds of one setting."""
    by_fold: dict[int, str] = {}
    first = next(iter(settings))
    for name, found in settings.items():
        fold = read_fold(found)
        if fold is None:
            raise InputError(f"{name} does not test a fold: in its params.yaml, split.fold is null or missing")
        if fold in by_fold:
            raise InputError(
                f"{by_fold[fold]} and {name} both test fold {fold}; name the experiments to pool: lesions folds NAME…"
            )
        by_fold[fold] = name
        here, there = flatten(found), flatten(settings[first])
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
            f"no experiment tests the fold {', '.join(missing)} of {num_folds}; what is missing is made by "
            f"`dvc exp run --queue -S split.fold={','.join(missing)}` and `dvc exp run --run-all`"
        )
    return [by_fold[fold] for fold in range(num_folds)]


def read_fold(parameters: Mapping[str, Any]) -> int | None:
    """Return which fold an experiment tested; one made before there were folds tested none."""
    return (parameters.get("split") or {}).get("fold")


def check_same_groups(experiments: Sequence[str]) -> None:
    """Refuse experiments on other images, or on other groups of them: a group's name means one thing in one run."""
    first, *others = ((name, read_groups(name)) for name in experiments)
    for name, groups in others:
        if groups != first[1]:
            raise InputError(
                f"{first[0]} and {name} have other images or groups in data/splits.csv: not of one dataset"
            )


def read_groups(experiment: str) -> dict[str, str]:
    """Return the group of each image of an experiment."""
    with fetched(experiment, "data/splits.csv") as file:
        splits = pd.read_csv(file, dtype=str, keep_default_na=False)
    return dict(zip(splits.image_id, splits.group_id, strict=True))


def build_table(comparison: Comparison, folds: Mapping[str, Mapping[str, Predictions]]) -> Table:
    """Lay out the pooled scores with their intervals, and the mean and range over folds."""
    table = Table("", "all images", "95 % interval", "mean of folds (from, to)", box=None)
    for model in comparison.models:
        each = score_each_fold(folds, model)
        table.add_row(model)
        for metric in comparison.metrics:
            found = comparison.scores[model, metric]
            scores = each.get(metric)
            range_over_folds = (
                "" if scores is None else f"{scores.mean():.3f} ({scores.min():.3f}, {scores.max():.3f})"
            )
            table.add_row(
                f"  {METRIC_WORDS[metric]}",
                f"{found.value:.3f}",
                spell_bounds(found),
                range_over_folds,
            )
    return table
