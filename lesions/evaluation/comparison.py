"""Compare models on the same test images: scores with intervals, and paired differences."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.evaluation.bootstrap import NUM_RESAMPLES, draw_resamples, sum_by_group
from lesions.evaluation.evidence import weigh_evidence
from lesions.evaluation.influence import compute_influences
from lesions.evaluation.interval import Difference, Estimate, estimate_difference, estimate_score
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.resampled_scores import score_resamples
from lesions.evaluation.scores import score_predictions
from lesions.evaluation.significance import correct_after_holm
from lesions.formats.json_file import read_json, write_plot_rows
from lesions.parameters.section import Section
from lesions.tables.predictions import Predictions

HeadlineMetric = Literal[
    "accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "macro_roc_auc", "mean_average_precision"
]
"""Higher is better in all of them."""


class CompareParameters(Section):
    """The section `compare`."""

    metric: HeadlineMetric


@dataclass(frozen=True)
class Comparison:
    """Scores and differences of models, from the same resamples of groups for all models.

    Attributes
    ----------
    scores
        For each model and each metric that its predictions define.
    differences
        For each pair of models, in input order, and each metric: the first minus the second.
    """

    scores: dict[tuple[str, ...], Estimate]
    differences: dict[tuple[str, ...], Difference]

    @property
    def models(self) -> list[str]:
        """The models that were compared, in input order."""
        return list(dict.fromkeys(model for model, _ in self.scores))

    @property
    def metrics(self) -> list[str]:
        """The metrics that the test images define."""
        return list(dict.fromkeys(metric for _, metric in self.scores))

    def rank(self, models: list[str], metric: str) -> list[str]:
        """Return the models sorted by a metric, the best first; ties keep their input order."""
        return sorted(models, key=lambda model: -self.scores[model, metric].value)

    def subtract(self, first: str, second: str, metric: str) -> Difference:
        """Return the first model's metric minus the second's, in either order."""
        if (first, second, metric) in self.differences:
            return self.differences[first, second, metric]
        return self.differences[second, first, metric].turned()


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """Write `scores.json` and `differences.json` as plot rows."""
    scores = [
        {"model": model, "metric": metric, **asdict(estimate)}
        for (model, metric), estimate in comparison.scores.items()
    ]
    differences = [
        {"first": first, "second": second, "metric": metric, **asdict(difference)}
        for (first, second, metric), difference in comparison.differences.items()
    ]
    write_plot_rows(folder / "scores.json", scores)
    write_plot_rows(folder / "differences.json", differences)


def read_comparison(folder: Path) -> Comparison:
    """Read the comparison that `write_comparison` wrote."""
    scores, differences = (read_json(folder / name) for name in ("scores.json", "differences.json"))
    return Comparison(
        scores={(row.pop("model"), row.pop("metric")): Estimate(**row) for row in scores},
        differences={
            (row.pop("first"), row.pop("second"), row.pop("metric")): Difference(**row) for row in differences
        },
    )


def compare_models(predictions: Mapping[str, Predictions], *, rivals: Sequence[str], seed: int = 0) -> Comparison:
    """Score each model and each pair of models on the same resamples of groups.

    Parameters
    ----------
    predictions
        Predictions of each model, for the same images in the same order.
    rivals
        The models among which one will be chosen. For each metric, the p-values of their pairs are corrected for the
        number of pairs. All other models are references.
    """
    return compare_measurements(measure_metrics(predictions, seed=seed), rivals=rivals)


def compare_measurements(measured: Mapping[str, Mapping[str, Measurement]], *, rivals: Sequence[str]) -> Comparison:
    """Put intervals around each model's measured metrics and around the difference of each pair of models."""
    metrics = [name for name in get_args(HeadlineMetric) if all(name in metrics for metrics in measured.values())]
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


def measure_metrics(
    predictions: Mapping[str, Predictions], *, seed: int, num_resamples: int = NUM_RESAMPLES
) -> dict[str, dict[str, Measurement]]:
    """Measure each metric that a model's predictions define, on the same resamples for all models."""
    group_id = next(iter(predictions.values())).images.group_id
    blocks: dict[str, list[dict[str, NDArray[np.float64]]]] = {model: [] for model in predictions}
    for counts in draw_resamples(group_id, seed=seed, num_resamples=num_resamples):
        for model, predicted in predictions.items():
            blocks[model].append(score_resamples(predicted.y_true, predicted.y_prob, counts, y_pred=predicted.y_pred))
    measured = {}
    for model, predicted in predictions.items():
        y_true, y_prob, y_pred = predicted.y_true, predicted.y_prob, predicted.y_pred
        values = score_predictions(y_true, y_prob, y_pred=y_pred)
        of_images = compute_influences(y_true, y_prob, y_pred=y_pred)
        influences = {metric: sum_by_group(one, group_id) for metric, one in of_images.items()}
        evidence = weigh_evidence(y_true, y_prob, y_pred, group_id, influences=influences)
        measured[model] = {
            metric: Measurement(
                value=values[metric],
                resamples=np.concatenate([block[metric] for block in blocks[model]]),
                influences=influences[metric],
                evidence=evidence[metric],
            )
            for metric in influences
        }
    return measured


def check_same_images(predictions: Mapping[str, Predictions]) -> None:
    """Check that all predictions have the same images, groups, classes and true diagnoses.

    A difference between predictions of different images would mean nothing.

    Raises
    ------
    InputError
        If two models differ; it names the first two and the column in which they differ.
    """
    (reference_name, reference), *others = predictions.items()
    for name, predicted in others:
        for column, here, there in (
            ("classes", predicted.classes, reference.classes),
            ("image_id", list(predicted.images.image_id), list(reference.images.image_id)),
            ("group_id", list(predicted.images.group_id), list(reference.images.group_id)),
            ("y_true", predicted.y_true.tolist(), reference.y_true.tolist()),
        ):
            if here != there:
                raise InputError(
                    f"the predictions of {name} and {reference_name} differ in {column}: "
                    "they are not from the same run; run `dvc repro` to make them again"
                )
