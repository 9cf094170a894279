"""Measure how much better a model looks on another split of the same data: both scores, and the inflation.

python -m benchmarks.compare_splits image/data/predictions/resnet18.csv group/data/predictions/resnet18.csv
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lesions.evaluation.bootstrap import NUM_RESAMPLES
from lesions.evaluation.estimation import estimate_metrics
from lesions.evaluation.interval import subtract_independent
from lesions.evaluation.verdict import METRIC_WORDS
from lesions.stage.failure import one_paragraph_errors
from lesions.tables.predictions import read_predictions


def main(
    inflated: Annotated[Path, typer.Argument(help="Predictions of the model on the split in doubt.")],
    honest: Annotated[Path, typer.Argument(help="Predictions of the same model on the split to trust.")],
    part: Annotated[str, typer.Option(help="test or val.")] = "test",
) -> None:
    """Print a table; the two test sets are resampled independently, because they have different images."""
    tests = [read_predictions(path).select(part) for path in (inflated, honest)]
    doubted, trusted = (estimate_metrics(test, seed=seed) for seed, test in enumerate(tests))
    table = Table("metric", "in doubt", "to trust", "inflation", "95 % interval")
    for metric, words in METRIC_WORDS.items():
        here, there = doubted[metric], trusted[metric]
        inflation = subtract_independent(here, there)
        table.add_row(
            words,
            f"{here.value:.3f}",
            f"{there.value:.3f}",
            f"{inflation.value:+.3f}",
            f"{inflation.low:+.3f} to {inflation.high:+.3f}",
        )
    Console().print(table)
    sizes = " and ".join(f"{len(test.images)} images of {test.images.group_id.nunique()} groups" for test in tests)
    print(f"{part}: {sizes}; {NUM_RESAMPLES} resamples of groups each")


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
