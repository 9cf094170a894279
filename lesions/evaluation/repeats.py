"""Compare models that were trained from several seeds, on the same test images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lesions.errors import InputError
from lesions.evaluation.comparison import (
    Comparison,
    average_scores,
    check_same_images,
    compare_measurements,
    score_on_validation,
)
from lesions.evaluation.estimation import measure_metrics
from lesions.evaluation.measurement import Measurement, average_seeds
from lesions.tables.predictions import Predictions


@dataclass(frozen=True)
class RepeatedComparison:
    """A comparison of means over seeds.

    Attributes
    ----------
    comparison
        The comparison, whose intervals cover the variation over seeds and over test images.
    values
        The score of each seed, for each model and metric.
    """

    comparison: Comparison
    values: Mapping[tuple[str, str], Sequence[float]]
    num_seeds: int


def compare_repeats(
    repeats: Mapping[int, Mapping[str, Predictions]],
    *,
    rivals: Sequence[str],
    validation: Mapping[int, Mapping[str, Predictions]] | None = None,
    seed: int = 0,
) -> RepeatedComparison:
    """Compare the models by their means over seeds.

    Parameters
    ----------
    repeats
        For each training seed, each model's predictions of the same test images.
    rivals
        The models among which one is chosen.
    validation
        For each training seed, each model's predictions of validation images, by which one is chosen.
    seed
        Seed of the resamples.

    Raises
    ------
    InputError
        If the models or the test images differ between seeds.
    """
    models = _measure_each_seed(repeats, seed=seed)
    averaged = {
        model: {metric: average_seeds([metrics[metric] for metrics in repeated]) for metric in repeated[0]}
        for model, repeated in models.items()
    }
    return RepeatedComparison(
        comparison=compare_measurements(
            averaged,
            rivals=rivals,
            on_validation=average_scores(map(score_on_validation, (validation or {}).values())),
        ),
        values={
            (model, metric): [metrics[metric].value for metrics in repeated]
            for model, repeated in models.items()
            for metric in repeated[0]
        },
        num_seeds=len(repeats),
    )


def _measure_each_seed(
    repeats: Mapping[int, Mapping[str, Predictions]], *, seed: int
) -> dict[str, list[dict[str, Measurement]]]:
    """Return, for each model, its measured metrics from each training seed, all on the same resamples."""
    by_seed: dict[str, Predictions] = {}
    first = min(repeats)
    for number, predictions in repeats.items():
        if predictions.keys() != repeats[first].keys():
            raise InputError(f"the seeds {first} and {number} have different models")
        by_seed |= {f"{model} (seed {number})": predicted for model, predicted in predictions.items()}
    check_same_images(by_seed)
    measured = measure_metrics(by_seed, seed=seed)
    return {model: [measured[f"{model} (seed {number})"] for number in repeats] for model in repeats[first]}
