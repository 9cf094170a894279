"""`lesions repeat`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lesions.command_line.options import PARAMS
from lesions.command_line.scores import print_scores, spell_validation, start_table

if TYPE_CHECKING:
    from lesions.evaluation.repeats import RepeatedComparison


def repeat(
    seeds: Annotated[int, typer.Option(min=2, help="Number of seeds, from 0 on.")] = 5,
) -> None:
    """Train each model with several seeds, as experiments, and compare the models over the seeds."""
    # These import DVC and scikit-learn; the other commands start without them.
    from lesions.evaluation.calling import describe_calling
    from lesions.evaluation.comparison import CompareParameters
    from lesions.evaluation.repeats import compare_repeats
    from lesions.experiments.repeats import run_seeds
    from lesions.experiments.revisions import read_scored_predictions
    from lesions.parameters.models import read_scored
    from lesions.parameters.section import read_section
    from lesions.stage.run import exit_on_signals

    exit_on_signals()
    experiments = run_seeds(seeds)
    models = read_scored(PARAMS)
    for line in describe_fixed_seeds():
        print(line)
    scored = {seed: read_scored_predictions(experiments[seed]) for seed in range(seeds)}
    test, val = ({seed: by_split[split] for seed, by_split in scored.items()} for split in ("test", "val"))
    compared = compare_repeats(test, rivals=models, validation=val)
    metric = read_section(PARAMS, "compare", CompareParameters).metric
    print_scores(
        build_table(compared), compared.comparison, rivals=models, metric=metric, num_seeds=compared.num_seeds
    )
    print(describe_calling({f"{model}, seed {seed}": test[seed][model] for model in models for seed in test}))
    print(
        "All of this is about means over seeds. The model that `dvc repro` writes is of one seed, and can be better "
        "or worse."
    )


def describe_fixed_seeds() -> Iterator[str]:
    """Yield a sentence for each model and ensemble that is partly the same in all repeats."""
    from lesions.parameters.combinations import read_combination, read_imported
    from lesions.parameters.models import read_ensembles, read_models
    from lesions.training.recipe import list_overridden

    fixed = [model for model in read_models(PARAMS) if "training.seed" in list_overridden(PARAMS, model)]
    for model in fixed:
        yield f"{model} has its own training.seed: it is the same network in all repeats, and its interval too narrow"
    for ensemble in read_ensembles(PARAMS):
        members = read_combination(PARAMS, ensemble).members
        same = [member for member in members if member in [*fixed, *read_imported(PARAMS)]]
        if same:
            yield f"{ensemble} has members that are the same in all repeats: {', '.join(same)}"


def build_table(compared: "RepeatedComparison") -> Table:
    """Build a table of each model's metrics: on test the mean, its interval and the range, on validation the mean."""
    from lesions.evaluation.verdict import METRIC_WORDS, spell_bounds

    table = start_table("mean of seeds", "95 % interval", "range of seeds", "on validation")
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
                spell_validation(compared.comparison, model, metric),
            )
    return table
