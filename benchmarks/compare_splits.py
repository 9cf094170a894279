"""How much better a model looks on another split of the same data: each metric of both, and the inflation.

python -m benchmarks.compare_splits image/data/predictions/resnet18.csv group/data/predictions/resnet18.csv
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lesions.command_line.failure import one_paragraph_errors
from lesions.evaluation.bootstrap import NUM_RESAMPLES, percentile_interval
from lesions.evaluation.comparison import resample_scores
from lesions.evaluation.predictions import read_predictions
from lesions.evaluation.scores import score
from lesions.evaluation.verdict import METRIC_WORDS


def main(
    inflated: Annotated[Path, typer.Argument(help="Predictions of the model on the split in doubt.")],
    honest: Annotated[Path, typer.Argument(help="Predictions of the same model on the split to trust.")],
    part: Annotated[str, typer.Option(help="test or val.")] = "test",
) -> None:
    """Print a table; the two sets are resampled apart, since their images are not the same."""
    tests = [read_predictions(path).select(part) for path in (inflated, honest)]
    scores = [score(test.y_true, test.y_prob, test.classes) for test in tests]
    resamples = [resample_scores({"model": test}, seed=seed)["model"] for seed, test in enumerate(tests)]
    table = Table("metric", "in doubt", "to trust", "inflation", "95 % interval")
    for metric, words in METRIC_WORDS.items():
        low, high = percentile_interval(resamples[0][metric] - resamples[1][metric])
        values = [found[metric] for found in scores]
        table.add_row(
            words,
            *(f"{value:.3f}" for value in values),
            f"{values[0] - values[1]:+.3f}",
            f"{low:+.3f} to {high:+.3f}",
        )
    Console().print(table)
    sizes = " and ".join(f"{len(test.images)} images of {test.images.group_id.nunique()} groups" for test in tests)
    print(f"{part}: {sizes}; {NUM_RESAMPLES} resamples of groups each")


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
