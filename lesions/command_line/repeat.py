"""`lesions repeat`."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from lesions.command_line.options import PARAMS, ParamsOption
from lesions.stage.tables import print_table

if TYPE_CHECKING:
    from lesions.evaluation.repeats import RepeatedComparison


def repeat(
    seeds: Annotated[int, typer.Option(min=2, help="Number of seeds, from 0 on.")] = 5,
    params: ParamsOption = PARAMS,
) -> None:
    """Train each model with several seeds, as experiments, and compare the models over the seeds."""
    # These import DVC and scikit-learn; the other commands start without them.
    from lesions.evaluation.comparison import CompareParameters
    from lesions.evaluation.repeats import compare_repeats
    from lesions.evaluation.verdict import list_leads
    from lesions.experiments.repeats import run_seeds
    from lesions.experiments.revisions import read_test_predictions
    from lesions.parameters.models import read_models
    from lesions.parameters.section import read_section

    experiments = run_seeds(seeds, params)
    models = read_models(params)
    compared = compare_repeats(
        {seed: read_test_predictions(experiments[seed]) for seed in range(seeds)}, rivals=models
    )
    print_table(build_table(compared))
    metric = read_section(params, "compare", CompareParameters).metric
    for line in list_leads(compared.comparison, models, metric, num_seeds=compared.num_seeds):
        print(line)


def build_table(compared: "RepeatedComparison") -> Table:
    """Build a table with the mean over seeds, its interval, and the lowest and highest seed per model and metric."""
    from lesions.evaluation.verdict import METRIC_WORDS, spell_bounds

    table = Table(Column(no_wrap=True), "mean of seeds", "95 % interval", "seeds, from and to", box=None)
    for model in compared.comparison.models:
        table.add_row(model)
        for metric in compared.comparison.metrics:
            estimate = compared.comparison.scores[model, metric]
            values = compared.values[model, metric]
            table.add_row(
                f"  {METRIC_WORDS[metric]}",
                f"{estimate.value:.3f}",
                spell_bounds(estimate),
                f"{min(values):.3f} to {max(values):.3f}",
            )
    return table
