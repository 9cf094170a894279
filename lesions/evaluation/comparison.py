"""Models on the same test images: scores with intervals, and paired differences."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.evaluation.bootstrap import draw_resamples, percentile_interval
from lesions.evaluation.predictions import Predictions
from lesions.evaluation.resampled_scores import score_resamples
from lesions.evaluation.scores import score
from lesions.formats.json_file import read_json, write_plot_rows
from lesions.parameters.section import Section

HeadlineMetric = Literal[
    "accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "macro_roc_auc", "mean_average_precision"
]
"""More is better in all of them."""


class CompareParameters(Section):
    """The section `compare`."""

    metric: HeadlineMetric


@dataclass(frozen=True)
class Estimate:
    """A metric, or a difference of two, with its 95 % interval over resamples of groups."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval is on one side of zero."""
        return self.low > 0 or self.high < 0

    def turned(self) -> "Estimate":
        """Return the difference the other way round."""
        return Estimate(-self.value, -self.high, -self.low)


@dataclass(frozen=True)
class Comparison:
    """What resampling the same groups for all models gives.

    Attributes
    ----------
    scores
        For each model and metric that its predictions define.
    differences
        For each pair of models, in the order in which they came, and each metric: the first minus the second.
    """

    scores: dict[tuple[str, ...], Estimate]
    differences: dict[tuple[str, ...], Estimate]

    @property
    def models(self) -> list[str]:
        """The models that were compared, in the order in which they came."""
        return list(dict.fromkeys(model for model, _ in self.scores))

    @property
    def metrics(self) -> list[str]:
        """The metrics that the test images define."""
        return list(dict.fromkeys(metric for _, metric in self.scores))

    def rank(self, models: list[str], metric: str) -> list[str]:
        """Return the models by a metric, the best first; equals stay as they came."""
        return sorted(models, key=lambda model: -self.scores[model, metric].value)

    def subtract(self, first: str, second: str, metric: str) -> Estimate:
        """Return the difference of two models, whichever of them came first."""
        if (first, second, metric) in self.differences:
            return self.differences[first, second, metric]
        return self.differences[second, first, metric].turned()


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """Write `scores.json` and `differences.json` as rows of plots."""
    scores = [
        {"model": model, "metric": metric, **asdict(found)} for (model, metric), found in comparison.scores.items()
    ]
    differences = [
        {"first": first, "second": second, "metric": metric, **asdict(found)}
        for (first, second, metric), found in comparison.differences.items()
    ]
    write_plot_rows(folder / "scores.json", scores)
    write_plot_rows(folder / "differences.json", differences)


def read_comparison(folder: Path) -> Comparison:
    """Read what `write_comparison` wrote."""

    def read(name: str, keys: tuple[str, ...]) -> dict[tuple[str, ...], Estimate]:
        rows = read_json(folder / name)
        return {tuple(row[key] for key in keys): Estimate(row["value"], row["low"], row["high"]) for row in rows}

    return Comparison(
        scores=read("scores.json", ("model", "metric")),
        differences=read("differences.json", ("first", "second", "metric")),
    )


def compare(predictions: Mapping[str, Predictions], *, seed: int = 0) -> Comparison:
    """Score models, and each pair of them, on the same resamples of groups.

    Parameters
    ----------
    predictions
        For each model, of the same images in the same order.
    """
    values = {model: score(found.y_true, found.y_prob, found.classes) for model, found in predictions.items()}
    resampled = resample_scores(predictions, seed=seed)

    def estimate(value: float, resamples: NDArray[np.float64]) -> Estimate:
        return Estimate(value, *percentile_interval(resamples[np.isfinite(resamples)]))

    metrics = [metric for metric in get_args(HeadlineMetric) if all(metric in found for found in values.values())]
    return Comparison(
        scores={
            (model, metric): estimate(values[model][metric], resampled[model][metric])
            for model in predictions
            for metric in metrics
        },
        differences={
            (first, second, metric): estimate(
                values[first][metric] - values[second][metric], resampled[first][metric] - resampled[second][metric]
            )
            for first, second in combinations(predictions, 2)
            for metric in metrics
        },
    )


def resample_scores(
    predictions: Mapping[str, Predictions], *, seed: int
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return for each model and metric the scores (R,) of the resamples, which are the same for all models."""
    group_id = next(iter(predictions.values())).images.group_id
    blocks: dict[str, list[dict[str, NDArray[np.float64]]]] = {model: [] for model in predictions}
    for counts in draw_resamples(group_id, seed=seed):
        for model, found in predictions.items():
            blocks[model].append(score_resamples(found.y_true, found.y_prob, counts))
    return {
        model: {metric: np.concatenate([block[metric] for block in scored]) for metric in scored[0]}
        for model, scored in blocks.items()
    }


def check_same_images(predictions: Mapping[str, Predictions]) -> None:
    """Refuse predictions of different images, groups, classes or true diagnoses: their difference means nothing.

    Raises
    ------
    InputError
        Naming the first two models that differ, and in what.
    """
    (reference_name, reference), *others = predictions.items()
    for name, found in others:
        for what, here, there in (
            ("classes", found.classes, reference.classes),
            ("image_id", list(found.images.image_id), list(reference.images.image_id)),
            ("group_id", list(found.images.group_id), list(reference.images.group_id)),
            ("y_true", found.y_true.tolist(), reference.y_true.tolist()),
        ):
            if here != there:
                raise InputError(
                    f"the predictions of {name} and {reference_name} differ in {what}: "
                    "they are not of one run; `dvc repro` makes them anew"
                )
