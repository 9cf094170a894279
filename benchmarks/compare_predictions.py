"""Compare two models on the same test images: each metric of both, and the difference with its interval.

python -m benchmarks.compare_predictions data/predictions/resnet18.csv plain.csv
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lesions.evaluation.bootstrap import NUM_RESAMPLES
from lesions.evaluation.comparison import check_same_images, compare_models
from lesions.stage.failure import one_paragraph_errors
from lesions.tables.predictions import read_predictions


def main(
    first: Annotated[Path, typer.Argument(help="Predictions of one model.")],
    second: Annotated[Path, typer.Argument(help="Predictions of the other model for the same test images.")],
) -> None:
    """Print a table of both models' metrics and of the paired differences, first minus second."""
    models = {str(path): read_predictions(path).select("test") for path in (first, second)}
    check_same_images(models)
    comparison = compare_models(models, rivals=list(models))
    table = Table("metric", first.stem, second.stem, "difference", "95 % interval")
    for (one, other, metric), lead in comparison.differences.items():
        scores = [f"{comparison.scores[model, metric].value:.3f}" for model in (one, other)]
        table.add_row(metric, *scores, f"{lead.value:+.3f}", f"{lead.low:+.3f} to {lead.high:+.3f}")
    Console().print(table)
    groups = models[str(first)].images.group_id
    print(f"{len(groups)} test images of {groups.nunique()} groups; {NUM_RESAMPLES} resamples of groups")


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
