"""`lesions folds`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lesions.command_line.options import find_typed
from lesions.command_line.scores import print_scores, spell_validation, start_table
from lesions.errors import InputError
from lesions.hardware.system import check_posix

if TYPE_CHECKING:
    from lesions.evaluation.comparison import Comparison
    from lesions.tables.predictions import Predictions

OUTPUT = Path("data/folds")


def folds(
    context: typer.Context,
    experiments: Annotated[list[str] | None, typer.Argument(help="Names; by default all that test a fold.")] = None,
    output: Annotated[
        Path, typer.Option(help="Written: a table of pooled predictions per model.", callback=find_typed)
    ] = OUTPUT,
    run: Annotated[bool, typer.Option("--run", help="First run the folds that are missing, as experiments.")] = False,
    storage: Annotated[
        str | None,
        typer.Option(
            envvar="LESIONS_SEARCH_STORAGE",
            help="The URL of a database over which machines share the folds of --run; by default a file in .search/.",
        ),
    ] = None,
) -> None:
    """Pool and score the test predictions of the experiments that tested the folds of one split.

    The same command with --run goes on where it was stopped; on a second machine with the same --storage, it takes
    part.
    """
    # These import DVC and scikit-learn; the other commands start without them.
    from lesions.evaluation.calling import describe_calling
    from lesions.evaluation.comparison import average_scores, compare_models, score_on_validation
    from lesions.evaluation.folds import pool_folds
    from lesions.experiments.folds import find_folds
    from lesions.experiments.revisions import open_experiments, read_parameter_file, read_scored_predictions
    from lesions.parameters.models import list_scored
    from lesions.tables.predictions import write_predictions

    source = context.get_parameter_source("storage")
    if run:
        experiments = run_missing_folds(experiments, storage)
    elif source is not None and source.name == "COMMANDLINE":  # in the environment it may be meant for searches
        raise InputError("--storage: has no effect without --run")
    found = find_folds(experiments or [])
    with open_experiments() as repo:
        parameters = read_parameter_file(repo, found[0].commit)
    metric, models = parameters["compare"]["metric"], list_scored(parameters, found[0].name)
    scored = {experiment.name: read_scored_predictions(experiment) for experiment in found}
    predictions, val = ({fold: by_split[split] for fold, by_split in scored.items()} for split in ("test", "val"))
    pooled = pool_folds(predictions)
    for model, of_model in pooled.items():
        write_predictions(output / f"{model}.csv", of_model)
    comparison = compare_models(
        pooled, rivals=models, on_validation=average_scores(map(score_on_validation, val.values()))
    )
    print_scores(build_table(comparison, predictions), comparison, rivals=models, metric=metric)
    print(describe_calling({model: of_model for model, of_model in pooled.items() if model in models}))
    for model in sorted({model for fold in predictions.values() for model in fold} - pooled.keys()):
        print(f"{model} was left out: not every fold has it")
    for earlier in sorted(set(output.glob("*.csv")) - {output / f"{model}.csv" for model in pooled}):
        print(f"{earlier} is not of these folds: it was there before, and was not written again")
    images = next(iter(pooled.values())).images
    print(
        f"{len(images)} images of {images.group_id.nunique()} groups, each tested by one of {len(predictions)} "
        f"folds; {output}/ has the pooled predictions of {', '.join(pooled)}"
    )


def run_missing_folds(named: list[str] | None, storage: str | None) -> list[str]:
    """Run the folds that are missing, and return the names of the experiments of all."""
    from lesions.experiments.fold_runs import run_folds
    from lesions.stage.run import exit_on_signals

    if named:
        raise InputError("--run: runs the folds of the workspace; name experiments without it")
    check_posix("lesions folds --run")
    exit_on_signals()
    return run_folds(storage)


def build_table(comparison: "Comparison", predictions: Mapping[str, "Mapping[str, Predictions]"]) -> Table:
    """Build a table of each model's metrics: on test pooled and over folds, on validation the mean of folds."""
    from lesions.evaluation.folds import score_each_fold
    from lesions.evaluation.verdict import METRIC_WORDS, spell_bounds

    table = start_table("all images", "95 % interval", "mean of folds (range)", "on validation")
    for model in comparison.models:
        each = score_each_fold(predictions, model)
        table.add_row(model)
        for metric in comparison.metrics:
            estimate = comparison.scores[model, metric]
            scores = each.get(metric)
            range_over_folds = (
                "" if scores is None else f"{scores.mean():.3f} ({scores.min():.3f} to {scores.max():.3f})"
            )
            table.add_row(
                f"  {METRIC_WORDS[metric]}",
                f"{estimate.value:.3f}",
                spell_bounds(estimate),
                range_over_folds,
                spell_validation(comparison, model, metric),
            )
    return table
