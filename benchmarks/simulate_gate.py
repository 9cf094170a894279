"""Measure how often the gate's two kinds of rule fail a change with a known true effect.

    python -m benchmarks.simulate_gate --num-simulations 500

Two models predict the same test images, drawn from a population in which the second is worse by a known amount. The
rule `largest_drop: 0` fails any drop of the score; with `beyond_noise: true`, only a significant drop.
"""

from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.progress import track
from rich.table import Table

from benchmarks.simulate_coverage import SCENARIOS, Population
from lesions.evaluation.scores import score_predictions
from lesions.gate.judgement import judge_metrics
from lesions.gate.metrics import ModelMetrics, RevisionMetrics
from lesions.gate.outcomes import Change
from lesions.gate.rules import Rule
from lesions.stage.tables import print_table
from lesions.tables.predictions import Predictions

LOSSES = (0.0, 0.2, 0.5)
"""Decrease of the second model's signal, in standard deviations of the noise."""

TEST_SETS = ("895 lesions, HAM10000's diagnoses", "300 patients with 5 images each")

METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "macro_roc_auc")

LIKENESS = 0.6
"""Share of the noise variance that both models have in common: images hard for one are hard for the other."""


def main(num_simulations: Annotated[int, typer.Option(help="Changes per population and loss.")] = 500) -> None:
    """Print the true drop and the share of changes that each rule fails, for each population, loss and metric."""
    table = Table("test set", "metric", "true drop", "any drop fails", "significant drop fails")
    for name in TEST_SETS:
        population, num_groups = SCENARIOS[name]
        for loss in LOSSES:
            truth = [score_revision(model) for model in draw_pair(population, 200_000, loss, seed=0)]
            failed = np.zeros((2, len(METRICS)))
            for number in track(range(num_simulations), f"{name}, {loss}"):
                pair = draw_pair(population, num_groups, loss, seed=1 + number)
                failed += [list_failures(pair, beyond_noise=beyond_noise) for beyond_noise in (False, True)]
            for column, metric in enumerate(METRICS):
                drop = truth[0][metric] - truth[1][metric] if loss else 0.0
                parts = (f"{part:.3f}" for part in failed[:, column] / num_simulations)
                table.add_row(name, metric, f"{drop:.3f}", *parts)
    print_table(table)


def draw_pair(population: Population, num_groups: int, loss: float, *, seed: int) -> tuple[Predictions, Predictions]:
    """Draw test images, and the predictions of the models before and after the change."""
    generator = np.random.default_rng([7, seed])
    K = len(population.shares)
    images = population.draw(num_groups, generator)
    shared = np.log(images.y_prob)
    ids = pd.DataFrame({"image_id": range(len(images.group)), "group_id": images.group, "split": "test"})
    signal = population.signal * np.eye(K)[images.y_true]
    noise = shared - signal
    pair = []
    for weaker in (0.0, loss):
        own = population.draw_noise(images.group, generator)
        logits = (1 - weaker / population.signal) * signal + np.sqrt(LIKENESS) * noise + np.sqrt(1 - LIKENESS) * own
        pair.append(Predictions(ids, tuple(map(str, range(K))), images.y_true, logits))
    return pair[0], pair[1]


def score_revision(predictions: Predictions) -> dict[str, float]:
    """Return the scores as in `metrics/<model>/test.json`."""
    return score_predictions(predictions.y_true, predictions.y_prob)


def list_failures(pair: tuple[Predictions, Predictions], *, beyond_noise: bool) -> list[bool]:
    """Return whether the gate fails the change, for each metric."""
    rules = dict.fromkeys(METRICS, Rule(direction="higher", floor=None, largest_drop=0.0, beyond_noise=beyond_noise))
    base, now = (
        RevisionMetrics(name, {"model": ModelMetrics(score_revision(model), model)}, test_images_sha256="any")
        for name, model in zip(("the base", "the workspace"), pair, strict=True)
    )
    return [row.change is Change.REGRESSION for row in judge_metrics(base, now, rules).rows]


if __name__ == "__main__":
    typer.run(main)
