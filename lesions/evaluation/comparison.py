"""Compare models on the same test images: scores with intervals, and paired differences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from lesions.errors import InputError
from lesions.evaluation.estimation import METRICS, HeadlineMetric, measure_metrics
from lesions.evaluation.interval import Difference, Estimate, estimate_difference, estimate_score
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.scores import score_predictions
from lesions.evaluation.significance import correct_after_holm
from lesions.formats.json_file import read_json, write_plot_rows
from lesions.parameters.strict import Section
from lesions.tables.predictions import Predictions


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
    on_validation
        The score of each model and metric on validation, by which models are chosen; without an interval.
    """

    scores: dict[tuple[str, ...], Estimate]
    differences: dict[tuple[str, ...], Difference]
    on_validation: Mapping[tuple[str, ...], float] = field(default_factory=dict)

    @property
    def models(self) -> list[str]:
        """The models that were compared, in input order."""
        return list(dict.fromkeys(model for model, _ in self.scores))

    @property
    def metrics(self) -> list[str]:
        """The metrics that the test images define."""
        return list(dict.fromkeys(metric for _, metric in self.scores))

    def choose(self, models: Sequence[str], metric: str) -> list[str]:
        """Return the models sorted by a metric on validation, the best first; ties keep their input order.

        Raises
        ------
        InputError
            If the validation images do not define the metric.
        """
        if any((model, metric) not in self.on_validation for model in models):
            raise InputError(f"the validation images do not define {metric}, so that no model can be chosen by it")
        return sorted(models, key=lambda model: -self.on_validation[model, metric])

    def rank(self, models: Sequence[str], metric: str) -> list[str]:
        """Return the models sorted by a metric on test, the highest first; ties keep their input order."""
        return sorted(models, key=lambda model: -self.scores[model, metric].value)

    def subtract(self, first: str, second: str, metric: str) -> Difference:
        """Return the first model's metric minus the second's, in either order."""
        if (first, second, metric) in self.differences:
            return self.differences[first, second, metric]
        return self.differences[second, first, metric].turned()


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """Write `scores.json` and `differences.json` as plot rows; the score on validation is the column `val`."""
    scores = [
        {"model": key[0], "metric": key[1], **asdict(estimate)}
        | ({"val": comparison.on_validation[key]} if key in comparison.on_validation else {})
        for key, estimate in comparison.scores.items()
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
    keyed = {(row.pop("model"), row.pop("metric")): row for row in scores}
    return Comparison(
        on_validation={key: row.pop("val") for key, row in keyed.items() if "val" in row},
        scores={key: Estimate(**row) for key, row in keyed.items()},
        differences={
            (row.pop("first"), row.pop("second"), row.pop("metric")): Difference(**row) for row in differences
        },
    )


def compare_models(
    predictions: Mapping[str, Predictions],
    *,
    rivals: Sequence[str],
    on_validation: Mapping[tuple[str, ...], float] | None = None,
    seed: int = 0,
) -> Comparison:
    """Score each model and each pair of models on the same resamples of groups.

    Parameters
    ----------
    predictions
        Predictions of each model, for the same images in the same order.
    rivals
        The models among which one is chosen. All other models are references. For each metric, the p-values of all
        pairs with at least one rival are corrected together.
    on_validation
        The score of each model and metric by which one is chosen.
    """
    measured = measure_metrics(predictions, seed=seed)
    return compare_measurements(measured, rivals=rivals, on_validation=on_validation or {})


def compare_measurements(
    measured: Mapping[str, Mapping[str, Measurement]],
    *,
    rivals: Sequence[str],
    on_validation: Mapping[tuple[str, ...], float],
) -> Comparison:
    """Put intervals around each model's measured metrics and around the difference of each pair of models."""
    metrics = [name for name in METRICS if all(name in metrics for metrics in measured.values())]
    differences: dict[tuple[str, ...], Difference] = {
        (first, second, metric): estimate_difference(measured[first][metric] - measured[second][metric])
        for first, second in combinations(measured, 2)
        for metric in metrics
    }
    for metric in metrics:
        family = [(*pair, metric) for pair in combinations(measured, 2) if set(pair) & set(rivals)]
        for pair, p_holm in zip(
            family, correct_after_holm([differences[pair].p_value for pair in family]), strict=True
        ):
            differences[pair] = replace(differences[pair], p_holm=p_holm)
    return Comparison(
        scores={(model, metric): estimate_score(measured[model][metric]) for model in measured for metric in metrics},
        differences=differences,
        on_validation=on_validation,
    )


def score_on_validation(models: Mapping[str, Predictions]) -> dict[tuple[str, ...], float]:
    """Score each model's predictions of validation images, by model and metric."""
    return {
        (model, metric): value
        for model, val in models.items()
        for metric, value in score_predictions(val.y_true, val.y_prob, y_pred=val.y_pred).items()
    }


def average_scores(runs: Iterable[Mapping[tuple[str, ...], float]]) -> dict[tuple[str, ...], float]:
    """Return the means of scores over several runs, of each model and metric that all runs define."""
    by_run = list(runs)
    defined = [key for run in by_run[:1] for key in run if all(key in other for other in by_run)]
    return {key: float(np.mean([run[key] for run in by_run])) for key in defined}


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
