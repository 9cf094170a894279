"""Measure how often each of the three answers about overfitting is given.

    python -m benchmarks.simulate_generalisation --num-simulations 100

Training and validation images are drawn from one population. A network that has memorised its training images is
drawn with a larger signal there.
"""

from typing import Annotated, get_args

import numpy as np
import pandas as pd
import typer
from rich.progress import track
from rich.table import Table

from benchmarks.simulate_coverage import HAM10000, Population
from lesions.evaluation.estimation import estimate_metrics
from lesions.evaluation.generalisation import Overfitting, judge_overfitting
from lesions.evaluation.interval import Estimate, subtract_independent
from lesions.evaluation.scores import score_labels
from lesions.stage.tables import print_table
from lesions.tables.predictions import Predictions

METRIC = "balanced_accuracy"

NUM_GROUPS = (70, 104, 300, 895)

SIGNALS = ((1.5, 1.5), (2.6, 2.6), (1.8, 1.5), (2.3, 1.5), (3.5, 1.5))
"""Increase of the logit of the true diagnosis on training and on validation images."""


def main(
    num_simulations: Annotated[int, typer.Option(help="Pairs of image sets per row.")] = 100,
    num_groups: Annotated[list[int] | None, typer.Option(help="Groups a side; by default all four.")] = None,
) -> None:
    """Print the share of each answer, for each true loss and number of groups on each side."""
    answers = get_args(Overfitting)
    for G in num_groups or NUM_GROUPS:
        table = Table("groups a side", "true loss", "of", *(f"overfits: {answer}" for answer in answers))
        for signals in track(SIGNALS, f"{G} groups"):
            train, val = (score_truth(signal) for signal in signals)
            given = [judge_run(signals, G, number) for number in range(num_simulations)]
            shares = (f"{given.count(answer) / num_simulations:.2f}" for answer in answers)
            table.add_row(str(G), f"{train - val:.3f}", f"{train:.2f}", *shares)
        print_table(table)


def judge_run(signals: tuple[float, float], num_groups: int, number: int) -> Overfitting:
    """Draw training and validation images, and say whether the model overfits."""
    generator = np.random.default_rng([num_groups, number])
    train, val = (estimate(draw_predictions(signal, num_groups, generator)) for signal in signals)
    return judge_overfitting(subtract_independent(train, val))


def estimate(predictions: Predictions) -> Estimate:
    """Put an interval around the balanced accuracy of a split."""
    return estimate_metrics(predictions, metrics=(METRIC,))[METRIC]


def score_truth(signal: float) -> float:
    """Return the balanced accuracy of a large number of images."""
    truth = draw_predictions(signal, 200_000, np.random.default_rng(0))
    return score_labels(truth.y_true, truth.y_pred, len(HAM10000))[METRIC]


def draw_predictions(signal: float, num_groups: int, generator: np.random.Generator) -> Predictions:
    """Draw images, and a model's predictions for them."""
    images = Population(HAM10000, mean_images=2.2, likeness=0.6, signal=signal).draw(num_groups, generator)
    ids = pd.DataFrame({"image_id": range(len(images.group)), "group_id": images.group, "split": "any"})
    return Predictions(ids, tuple(map(str, range(len(HAM10000)))), images.y_true, np.log(images.y_prob))


if __name__ == "__main__":
    typer.run(main)
