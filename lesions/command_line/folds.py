"""`lesions folds`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from lesions.stage.tables import print_table

if TYPE_CHECKING:
    from lesions.evaluation.comparison import Comparison
    from lesions.tables.predictions import Predictions

OUTPUT = Path("data/folds")


def folds(
    experiments: Annotated[list[str] | None, typer.Argument(help="Names; by default all that test a fold.")] = None,
    output: Annotated[Path, typer.Option(help="Written: a table of pooled predictions per model.")] = OUTPUT,
) -> None:
    """Pool and score the test predictions of the experiments that tested the folds of one split."""
    # These import DVC and scikit-learn; the other commands start without them.
    from lesions.evaluation.comparison import compare_models
    from lesions.evaluation.folds import pool_folds
    from lesions.evaluation.verdict import list_leads
    from lesions.experiments.folds import find_folds
    from lesions.experiments.revisions import read_test_predictions
    from lesions.tables.predictions import write_predictions

    settings = find_folds(experiments or [])
    predictions = {name: read_test_predictions(name) for name in settings}
    pooled = pool_folds(predictions)
    for model, of_model in pooled.items():
        write_predictions(output / f"{model}.csv", of_model)
    comparison = compare_models(pooled, rivals=list(pooled))
    print_table(build_table(comparison, predictions))
    metric = next(iter(settings.values()))["compare"]["metric"]
    for line in list_leads(comparison, comparison.models, metric):
        print(line)
    for model in sorted({model for fold in predictions.values() for model in fold} - pooled.keys()):
        print(f"{model} was left out: not every fold has it")
    images = next(iter(pooled.values())).images
    print(
        f"{len(images)} images of {images.group_id.nunique()} groups, each tested by one of {len(predictions)} "
        f"folds; {output}/ has the pooled predictions of {', '.join(pooled)}"
    )


def build_table(comparison: "Comparison", predictions: Mapping[str, "Mapping[str, Predictions]"]) -> Table:
    """Build a table of the pooled scores with their intervals, and of the mean and range over folds."""
    from lesions.evaluation.folds import score_each_fold
    from lesions.evaluation.verdict import METRIC_WORDS, spell_bounds

    table = Table(Column(no_wrap=True), "all images", "95 % interval", "mean of folds (from, to)", box=None)
    for model in comparison.models:
        each = score_each_fold(predictions, model)
        table.add_row(model)
        for metric in comparison.metrics:
            estimate = comparison.scores[model, metric]
            scores = each.get(metric)
            range_over_folds = (
                "" if scores is None else f"{scores.mean():.3f} ({scores.min():.3f}, {scores.max():.3f})"
            )
            table.add_row(
                f"  {METRIC_WORDS[metric]}",
                f"{estimate.value:.3f}",
                spell_bounds(estimate),
                range_over_folds,
            )
    return table
