"""Measure how often 95 % intervals contain the truth, on test sets drawn from a population with known metrics.

    python -m benchmarks.simulate_coverage --num-simulations 250

A population is a large number of groups (lesions or patients) of images, each group with one main diagnosis, and a
model's logits, which are correlated within a group. A test set is a sample of groups.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from rich.progress import track
from rich.table import Table
from scipy.special import softmax

from lesions.evaluation.estimation import measure_metrics
from lesions.evaluation.evidence import list_overrated_classes
from lesions.evaluation.interval import Estimate, estimate_score
from lesions.evaluation.scores import score_predictions
from lesions.stage.tables import print_table
from lesions.tables.predictions import Predictions

METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "macro_roc_auc", "mean_average_precision")

NUM_RESAMPLES = 400
"""Enough for standard errors, and five times as fast as the pipeline's number."""


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
    sizes
        The shares of groups with 1, 2, … images, instead of a Poisson distribution.
    mixed
        Share of the images whose diagnosis is drawn anew, whatever the other images of the group have.
    tail_df
        Degrees of freedom of Student's distribution of the noise; None: normal.
    hardness
        How much of the signal the largest groups lack, as if hard lesions were photographed more often.
    """

    shares: tuple[float, ...]
    mean_images: float
    likeness: float
    signal: float
    sizes: tuple[float, ...] = ()
    mixed: float = 0.0
    tail_df: float | None = None
    hardness: float = 0.0

    def draw(self, num_groups: int, generator: np.random.Generator) -> "Images":
        """Draw groups, and a model's probabilities for their images."""
        K = len(self.shares)
        shares = np.array(self.shares) / sum(self.shares)
        diagnosis = generator.choice(K, num_groups, p=shares)
        sizes = self._draw_sizes(num_groups, generator)
        group = np.repeat(np.arange(num_groups), sizes)
        y_true = diagnosis[group]
        if self.mixed:
            anew = generator.random(len(group)) < self.mixed
            y_true = np.where(anew, generator.choice(K, len(group), p=shares), y_true)
        signal = self.signal * (1 - self.hardness * (sizes[group] - 1) / max(1, sizes.max() - 1))
        logits = self.draw_noise(group, generator) + signal[:, None] * np.eye(K)[y_true]
        return Images(group, y_true, softmax(logits + 0.5 * np.log(self.shares), axis=1))

    def _draw_sizes(self, num_groups: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """Draw the numbers of images of the groups."""
        if not self.sizes:
            return 1 + generator.poisson(self.mean_images - 1, num_groups)
        return 1 + generator.choice(len(self.sizes), num_groups, p=np.array(self.sizes) / sum(self.sizes))

    def draw_noise(self, group: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.float64]:
        """Draw the noise of a model's logits (N, K), with variance 1 and correlated within a group."""
        shape = (2, len(group), len(self.shares))
        if self.tail_df is None:
            shared, own = generator.normal(size=shape)
        else:
            shared, own = generator.standard_t(self.tail_df, size=shape) * np.sqrt(1 - 2 / self.tail_df)
        return np.sqrt(self.likeness) * shared[group] + np.sqrt(1 - self.likeness) * own


@dataclass(frozen=True)
class Images:
    """Images and predictions: group (N,), y_true (N,), y_prob (N, K)."""

    group: NDArray[np.int64]
    y_true: NDArray[np.int64]
    y_prob: NDArray[np.float64]


HAM10000 = (0.032, 0.052, 0.11, 0.012, 0.11, 0.67, 0.014)

MOSTLY_SMALL = tuple(1 / size for size in range(1, 11))
EVEN = (1.0,) * 10


def _describe_ham10000(signal: float, sizes: tuple[float, ...], hardness: float) -> Population:
    return Population(HAM10000, 0, 0.6, signal, sizes, mixed=0.15, tail_df=5, hardness=hardness)


SCENARIOS = {
    "895 lesions, HAM10000's diagnoses": (Population(HAM10000, 1.34, 0.7, 2.0), 895),
    "300 lesions, HAM10000's diagnoses": (Population(HAM10000, 1.34, 0.7, 2.0), 300),
    "300 patients with 5 images each": (Population((0.1, 0.3, 0.6), 5.0, 0.9, 1.5), 300),
    "300 patients, malignant 2 %": (Population((0.98, 0.02), 3.0, 0.7, 2.0), 300),
    "100 lesions, three alike": (Population((1 / 3, 1 / 3, 1 / 3), 1.0, 0.0, 1.5), 100),
    **{
        f"{num_groups} patients, 1 to 10 images, {strength}": (
            _describe_ham10000(signal, MOSTLY_SMALL, hardness=0.3),
            num_groups,
        )
        for strength, signal in (("weak", 1.9), ("good", 3.2), ("strong", 4.4), ("nearly perfect", 6.0))
        for num_groups in (104, 300, 900)
    },
    **{
        f"{num_groups} patients, 1 to 10 images (even), {strength}": (
            _describe_ham10000(signal, EVEN, hardness=0.0),
            num_groups,
        )
        for strength, signal in (("weak", 2.0), ("strong", 4.0))
        for num_groups in (104, 300)
    },
}
"""Population, and number of groups in a test set."""


def main(num_simulations: Annotated[int, typer.Option(help="Test sets per population.")] = 250) -> None:
    """Print the share of intervals that contain the truth, for each population and metric.

    The share of the percentile intervals of the same resamples is in parentheses. The last column is of the test sets
    for which the report does not warn of the mean average precision.
    """
    table = Table("test set", "true balanced accuracy", "true macro ROC AUC", *METRICS, "without a warning")
    for name, (population, num_groups) in SCENARIOS.items():
        everything = population.draw(100_000, np.random.default_rng(0))
        truth_of = cache(partial(score_classes_there, everything))
        held, defined = np.zeros((2, len(METRICS) + 1)), np.zeros(len(METRICS) + 1)
        for number in track(range(num_simulations), name):
            test = population.draw(num_groups, np.random.default_rng([1, number]))
            truth = truth_of(tuple(np.unique(test.y_true).tolist()))
            for column, metric, estimates in list_intervals(test):
                defined[column] += 1
                held[:, column] += [one.low <= truth[metric] <= one.high for one in estimates]
        cells = [f"{ours:.3f} ({plain:.3f})" for ours, plain in (held / np.maximum(1, defined)).T]
        truth = score_predictions(everything.y_true, everything.y_prob)
        table.add_row(name, f"{truth['balanced_accuracy']:.3f}", f"{truth['macro_roc_auc']:.4f}", *cells)
    print_table(table)


def score_classes_there(images: Images, classes: tuple[int, ...]) -> dict[str, float]:
    """Score the images of some classes: a score does not cover a diagnosis that the test set lacks."""
    kept = np.isin(images.y_true, classes)
    return score_predictions(images.y_true[kept], images.y_prob[kept])


def list_intervals(images: Images) -> Iterator[tuple[int, str, tuple[Estimate, Estimate]]]:
    """Yield the column and the name of each metric that is defined, with our interval and the percentile interval."""
    ids = pd.DataFrame({"image_id": range(len(images.group)), "group_id": images.group, "split": "test"})
    classes = tuple(map(str, range(images.y_prob.shape[1])))
    predictions = Predictions(ids, classes, images.y_true, np.log(images.y_prob))
    (measured,) = measure_metrics({"model": predictions}, seed=0, num_resamples=NUM_RESAMPLES).values()
    for column, metric in enumerate(METRICS):
        if metric in measured:  # not in a test set without a malignant lesion
            low, high = np.quantile(measured[metric].resamples, [0.025, 0.975])
            percentile = Estimate(measured[metric].value, float(low), float(high))
            estimates = estimate_score(measured[metric]), percentile
            yield column, metric, estimates
    if metric in measured and not list_overrated_classes(measured[metric].value, images.y_true, ids.group_id):
        yield len(METRICS), metric, estimates


if __name__ == "__main__":
    typer.run(main)
