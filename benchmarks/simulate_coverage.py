"""Measure how often 95 % intervals contain the truth, on test sets drawn from a population with known metrics.

    python -m benchmarks.simulate_coverage --num-simulations 1000

A population is a large number of groups (lesions or patients) of images, each group with one diagnosis, and a model's
logits, which are correlated within a group. A test set is a sample of groups.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.special import softmax

from lesions.evaluation.comparison import measure_metrics
from lesions.evaluation.interval import Estimate, estimate_score
from lesions.evaluation.scores import score_predictions
from lesions.tables.predictions import Predictions

METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "macro_roc_auc", "mean_average_precision")


@dataclass(frozen=True)
class Population:
    """The population from which test sets are drawn.

    Attributes
    ----------
    shares
        Shares of the diagnoses among the groups.
    mean_images
        Mean number of images per group; the number beyond the first has a Poisson distribution.
    likeness
        Share of the variance of an image's logits that all images of its group have in common.
    signal
        Increase of the logit of the true diagnosis, in standard deviations.
    """

    shares: tuple[float, ...]
    mean_images: float
    likeness: float
    signal: float

    def draw(self, num_groups: int, generator: np.random.Generator) -> "Images":
        """Draw groups, and a model's probabilities for their images."""
        K = len(self.shares)
        diagnosis = generator.choice(K, num_groups, p=np.array(self.shares) / sum(self.shares))
        sizes = 1 + generator.poisson(self.mean_images - 1, num_groups)
        group = np.repeat(np.arange(num_groups), sizes)
        logits = self.draw_noise(group, generator) + self.signal * np.eye(K)[diagnosis[group]]
        return Images(group, diagnosis[group], softmax(logits + 0.5 * np.log(self.shares), axis=1))

    def draw_noise(self, group: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.float64]:
        """Draw the noise of a model's logits (N, K), with variance 1 and correlated within a group."""
        shared, own = generator.normal(size=(2, len(group), len(self.shares)))
        return np.sqrt(self.likeness) * shared[group] + np.sqrt(1 - self.likeness) * own


@dataclass(frozen=True)
class Images:
    """Images and predictions: group (N,), y_true (N,), y_prob (N, K)."""

    group: NDArray[np.int64]
    y_true: NDArray[np.int64]
    y_prob: NDArray[np.float64]


HAM10000 = (0.032, 0.052, 0.11, 0.012, 0.11, 0.67, 0.014)

SCENARIOS = {
    "895 lesions, HAM10000's diagnoses": (Population(HAM10000, 1.34, 0.7, 2.0), 895),
    "300 lesions, HAM10000's diagnoses": (Population(HAM10000, 1.34, 0.7, 2.0), 300),
    "300 patients with 5 images each": (Population((0.1, 0.3, 0.6), 5.0, 0.9, 1.5), 300),
    "300 patients, malignant 2 %": (Population((0.98, 0.02), 3.0, 0.7, 2.0), 300),
    "100 lesions, three alike": (Population((1 / 3, 1 / 3, 1 / 3), 1.0, 0.0, 1.5), 100),
}
"""Population, and number of groups in a test set."""


METHODS = ("ours", "percentile")


def main(num_simulations: Annotated[int, typer.Option(help="Test sets per population.")] = 1000) -> None:
    """Print the share of intervals that contain the truth, for each population and metric."""
    table = Table("test set", "interval", *METRICS)
    for name, (population, num_groups) in SCENARIOS.items():
        truth = population.draw(400_000, np.random.default_rng(0))
        expected = score_predictions(truth.y_true, truth.y_prob)
        held, defined = np.zeros((2, len(METHODS), len(METRICS)))
        for number in track(range(num_simulations), name):
            test = population.draw(num_groups, np.random.default_rng([1, number]))
            for row, column, estimate in list_intervals(test):
                held[row, column] += estimate.low <= expected[METRICS[column]] <= estimate.high
                defined[row, column] += 1
        for row, method in enumerate(METHODS):
            table.add_row(name if row == 0 else "", method, *(f"{part:.3f}" for part in held[row] / defined[row]))
    Console().print(table)


def list_intervals(images: Images) -> Iterator[tuple[int, int, Estimate]]:
    """Yield the indices of the method and of the metric, and the interval."""
    ids = pd.DataFrame({"image_id": range(len(images.group)), "group_id": images.group, "split": "test"})
    classes = tuple(map(str, range(images.y_prob.shape[1])))
    predictions = Predictions(ids, classes, images.y_true, np.log(images.y_prob))
    (measured,) = measure_metrics({"model": predictions}, seed=0).values()
    for column, metric in enumerate(METRICS):
        if metric not in measured:  # a test set without a malignant lesion
            continue
        yield 0, column, estimate_score(measured[metric])
        low, high = np.nanquantile(measured[metric].resamples, [0.025, 0.975])
        yield 1, column, Estimate(measured[metric].value, float(low), float(high))


if __name__ == "__main__":
    typer.run(main)
