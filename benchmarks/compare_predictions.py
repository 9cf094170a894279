"""Compare two models on the same test images: each metric of both, and the difference with its interval.

python -m benchmarks.compare_predictions data/predictions/resnet18.csv /tmp/plain.csv
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from lesions.command_line.failure import one_paragraph_errors
from lesions.errors import InputError
from lesions.evaluation.bootstrap import NUM_RESAMPLES, bootstrap_groups, percentile_interval
from lesions.evaluation.predictions import Predictions, read_predictions
from lesions.evaluation.scores import score_labels, score_probabilities

METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "macro_roc_auc")


def main(
    first: Annotated[Path, typer.Argument(help="Predictions of one model.")],
    second: Annotated[Path, typer.Argument(help="Predictions of the other, for the same test images.")],
) -> None:
    """Print a table of both models' metrics and of the paired differences, first minus second."""
    models = [read_predictions(path).select("test") for path in (first, second)]
    if models[0].images.image_id.tolist() != models[1].images.image_id.tolist():
        raise InputError(f"{first} and {second} are not of the same test images")
    groups = models[0].images.group_id
    table = Table("metric", first.stem, second.stem, "difference", "95 % interval")
    for metric in METRICS:
        everything = np.arange(len(groups))
        scores = [compute(metric, model, everything) for model in models]

        def difference(images: NDArray[np.int64], metric: str = metric) -> float:
            return compute(metric, models[0], images) - compute(metric, models[1], images)

        low, high = percentile_interval(bootstrap_groups(groups, difference, seed=0))
        interval = f"{low:+.3f} to {high:+.3f}"
        table.add_row(metric, *(f"{value:.3f}" for value in scores), f"{scores[0] - scores[1]:+.3f}", interval)
    Console().print(table)
    print(f"{len(groups)} test images of {groups.nunique()} groups; {NUM_RESAMPLES} resamples of groups")


def compute(metric: str, model: Predictions, images: NDArray[np.int64]) -> float:
    """Compute one metric of a model for some of its images, given as indices (M,)."""
    y_true, y_prob = model.y_true[images], model.y_prob[images]
    if metric == "macro_roc_auc":
        return score_probabilities(y_true, y_prob)[metric]
    return score_labels(y_true, y_prob.argmax(axis=1), len(model.classes))[metric]


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
