"""Models on the same test images: scores with intervals, and paired differences."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.evaluation.bootstrap import draw_resamples, sum_by_group
from lesions.evaluation.influence import compute_influences
from lesions.evaluation.interval import Difference, Estimate, Measurement, estimate_difference, estimate_score
from lesions.evaluation.predictions import Predictions
from lesions.evaluation.resampled_scores import score_resamples
from lesions.evaluation.scores import score_predictions
from lesions.evaluation.significance import correct_after_holm
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
    differences: dict[tuple[str, ...], Difference]

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

    def subtract(self, first: str, second: str, metric: str) -> Difference:
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
    scores, differences = (read_json(folder / name) for name in ("scores.json", "differences.json"))
    return Comparison(
        scores={(row.pop("model"), row.pop("metric")): Estimate(**row) for row in scores},
        differences={
            (row.pop("first"), row.pop("second"), row.pop("metric")): Difference(**row) for row in differences
        },
    )


def compare_models(predictions: Mapping[str, Predictions], *, rivals: Sequence[str], seed: int = 0) -> Comparison:
    """Score models, and each pair of them, on the same resamples of groups.

    Parameters
    ----------
    predictions
        For each model, of the same images in the same order.
    rivals
        The models among which one will be chosen: each metric's p-values of their pairs are corrected for their
        number. All others are what these are measured by.
    """
    return compare_measurements(measure_metrics(predictions, seed=seed), rivals=rivals)


def compare_measurements(measured: Mapping[str, Mapping[str, Measurement]], *, rivals: Sequence[str]) -> Comparison:
    """Put intervals around what was measured of each model, and around the difference of each pair."""
    metrics = [name for name in get_args(HeadlineMetric) if all(name in found for found in measured.values())]
    differences: dict[tuple[str, ...], Difference] = {
        (first, second, metric): estimate_difference(measured[first][metric] - measured[second][metric])
        for first, second in combinations(measured, 2)
        for metric in metrics
    }
    for metric in metrics:
        pairs = [(*pair, metric) for pair in combinations(measured, 2) if set(pair) <= set(rivals)]
        for pair, p_holm in zip(
            pairs, correct_after_holm([differences[pair].p_value for pair in pairs]), strict=True
        ):
            differences[pair] = replace(differences[pair], p_holm=p_holm)
    return Comparison(
        scores={(model, metric): estimate_score(measured[model][metric]) for model in measured for metric in metrics},
        differences=differences,
    )


def measure_metrics(predictions: Mapping[str, Predictions], *, seed: int) -> dict[str, dict[str, Measurement]]:
    """Measure each model by each metric that its predictions define, on the same resamples for all models."""
    group_id = next(iter(predictions.values())).images.group_id
    blocks: dict[str, list[dict[str, NDArray[np.float64]]]] = {model: [] for model in predictions}
    for counts in draw_resamples(group_id, seed=seed):
        for model, found in predictions.items():
            blocks[model].append(score_resamples(found.y_true, found.y_prob, counts))
    measured = {}
    for model, found in predictions.items():
        values = score_predictions(found.y_true, found.y_prob)
        measured[model] = {
            metric: Measurement(
                value=values[metric],
                resamples=np.concatenate([block[metric] for block in blocks[model]]),
                influences=sum_by_group(influences, group_id),
            )
            for metric, influences in compute_influences(found.y_true, found.y_prob).items()
        }
    return measured


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
