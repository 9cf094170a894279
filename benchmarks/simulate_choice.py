"""Measure what choosing one of several equally good models does to its score and to its lead over a baseline.

    python -m benchmarks.simulate_choice --num-simulations 400

All models, and the baseline, have the same true scores. The first table says by how much the best of several
experiments on a test set flatters itself, beside the test score of the one that is best on a validation set of the
same size. The second says how often any of several models is called better than the baseline, by each metric, and how
often the one that is chosen on validation is; all should be at most 0.05.
"""

from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.progress import track
from rich.table import Table

from benchmarks.simulate_coverage import HAM10000, METRICS, Population
from lesions.evaluation.comparison import compare_measurements, score_on_validation
from lesions.evaluation.estimation import measure_metrics
from lesions.evaluation.headline import list_unbeaten
from lesions.evaluation.scores import score_labels
from lesions.stage.tables import print_table
from lesions.tables.predictions import Predictions

METRIC = "balanced_accuracy"

POPULATION = Population(HAM10000, mean_images=2.2, likeness=0.6, signal=1.5)

NUM_GROUPS = (104, 300, 895)

NUM_EXPERIMENTS = (5, 10, 30)

NUM_MODELS = (1, 2, 3, 5)

LIKENESS = 0.6
"""Share of the noise variance that all models have in common: images hard for one are hard for the other."""


def main(
    num_simulations: Annotated[int, typer.Option(help="Test sets per row; half as many with intervals.")] = 400,
    num_groups: Annotated[list[int] | None, typer.Option(help="Groups in a test set; by default all three.")] = None,
) -> None:
    """Print both tables for each number of groups."""
    for G in num_groups or NUM_GROUPS:
        flattery = Table("groups", "experiments", "best on test", "best on validation")
        for num_experiments in NUM_EXPERIMENTS:
            gains = [measure_gains(G, num_experiments, number) for number in range(num_simulations)]
            cells = (f"{mean:+.3f} ± {error:.3f}" for mean, error in zip(*summarise(gains), strict=True))
            flattery.add_row(str(G), str(num_experiments), *cells)
        print_table(flattery)
        alarms = Table("groups", "models", *METRICS, f"chosen model, {METRIC}")
        called = [judge_models(G, number) for number in track(range(num_simulations // 2), f"{G} groups")]
        for num_models, shares in zip(NUM_MODELS, np.mean(called, axis=0), strict=True):
            alarms.add_row(str(G), str(num_models), *(f"{share:.3f}" for share in shares))
        print_table(alarms)


def measure_gains(num_groups: int, num_experiments: int, number: int) -> tuple[float, float]:
    """Return the test score of the best experiment on test and of the best on validation, less the mean of all."""
    val, test = draw_two_sets(num_groups, num_experiments, number)
    on_val, on_test = (
        np.array([score_labels(each.y_true, each.y_pred, len(HAM10000))[METRIC] for each in split.values()])
        for split in (val, test)
    )
    return on_test.max() - on_test.mean(), on_test[on_val.argmax()] - on_test.mean()


def judge_models(num_groups: int, number: int) -> list[list[bool]]:
    """Return for each number of models whether any is called better than a baseline by each metric.

    The last column says whether the model that is best on validation is.
    """
    val, test = draw_two_sets(num_groups, max(NUM_MODELS) + 1, number)
    measured, on_validation = measure_metrics(test, seed=number), score_on_validation(val)
    baseline, *models = test
    called = []
    for rivals in (models[:num_models] for num_models in NUM_MODELS):
        compared = {name: measured[name] for name in (baseline, *rivals)}
        comparison = compare_measurements(compared, rivals=rivals, on_validation=on_validation)
        chosen = comparison.choose(rivals, METRIC)[:1]
        called.append(
            [baseline not in list_unbeaten(comparison, rivals, metric) for metric in METRICS]
            + [baseline not in list_unbeaten(comparison, rivals, METRIC, by=chosen)]
        )
    return called


def draw_two_sets(num_groups: int, num_models: int, number: int) -> tuple[dict[str, Predictions], ...]:
    """Draw validation and test images, and the predictions of equally good models for both."""
    generator = np.random.default_rng([num_groups, num_models, number])
    return tuple(draw_predictions(num_groups, num_models, generator) for _ in ("val", "test"))


def draw_predictions(num_groups: int, num_models: int, generator: np.random.Generator) -> dict[str, Predictions]:
    """Draw images, and the predictions of equally good models for them."""
    images = POPULATION.draw(num_groups, generator)
    ids = pd.DataFrame({"image_id": range(len(images.group)), "group_id": images.group, "split": "any"})
    signal = POPULATION.signal * np.eye(len(HAM10000))[images.y_true] + 0.5 * np.log(HAM10000)
    shared = POPULATION.draw_noise(images.group, generator)
    predictions = {}
    for model in range(num_models):
        own = POPULATION.draw_noise(images.group, generator)
        logits = signal + np.sqrt(LIKENESS) * shared + np.sqrt(1 - LIKENESS) * own
        predictions[f"model_{model}"] = Predictions(ids, tuple(map(str, range(len(HAM10000)))), images.y_true, logits)
    return predictions


def summarise(draws: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and its standard error, per column."""
    return np.mean(draws, axis=0), np.std(draws, axis=0) / np.sqrt(len(draws))


if __name__ == "__main__":
    typer.run(main)
