"""Measure how often the interval of the worst of 45 conditions contains its true difference.

    python -m benchmarks.simulate_robustness --num-simulations 200

Each corruption has noise of its own, which grows with its strength. In one world that is all, and no condition has a
true difference; in the other the signal also gets weaker, by up to a half.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from rich.progress import track
from rich.table import Table

from benchmarks.simulate_choice import POPULATION
from benchmarks.simulate_coverage import HAM10000
from lesions.evaluation.robustness import Change, measure_accuracy
from lesions.evaluation.scores import score_labels
from lesions.stage.tables import print_table
from lesions.tables.predictions import Predictions
from lesions.transforms.conditions import CORRUPTIONS, Condition, list_conditions

NUM_GROUPS = (104, 300)

WEAKER = {"noise alone": 0.0, "weaker signal": 0.5}
"""By how much the strongest condition of the last corruption weakens the signal, as a share of it."""

NOISE = 0.4
"""Share of the noise variance that is a corruption's own at the highest strength."""

GROUPS_OF_TRUTH = 100_000


def main(num_simulations: Annotated[int, typer.Option(help="Test sets per row.")] = 200) -> None:
    """Print the coverage of the interval for the worst, that of the condition's own interval, and the flattery."""
    table = Table("world", "groups", "for the worst", "its own", "worst minus its truth")
    for world, weaker in WEAKER.items():
        truth = score_truth(weaker)
        for G in NUM_GROUPS:
            generator = np.random.default_rng(G)
            found = [
                judge(G, weaker, truth, generator) for _ in track(range(num_simulations), f"{world}, {G} groups")
            ]
            joint, own, flattery = np.mean(found, axis=0)
            table.add_row(world, str(G), f"{joint:.3f}", f"{own:.3f}", f"{flattery:+.3f}")
    print_table(table)


def judge(
    num_groups: int, weaker: float, truth: Mapping[Condition, float], generator: np.random.Generator
) -> tuple[bool, bool, float]:
    """Return whether both intervals of the worst condition contain its true difference, and its own error."""
    unaltered, altered = draw(num_groups, weaker, generator)
    found = measure_accuracy(unaltered, altered)
    worst: Change = found.worst
    true = truth[worst.condition]
    joint, own = found.worst_difference, worst.difference
    return joint.low <= true <= joint.high, own.low <= true <= own.high, own.value - true


def score_truth(weaker: float) -> dict[Condition, float]:
    """Return the true difference of each condition, from very many groups."""
    unaltered, altered = draw(GROUPS_OF_TRUTH, weaker, np.random.default_rng(0))

    def score(predictions: Predictions) -> float:
        return score_labels(predictions.y_true, predictions.y_pred, len(HAM10000))["balanced_accuracy"]

    return {condition: score(predictions) - score(unaltered) for condition, predictions in altered.items()}


def draw(
    num_groups: int, weaker: float, generator: np.random.Generator
) -> tuple[Predictions, dict[Condition, Predictions]]:
    """Draw images, and predictions of them as they are and under each condition."""
    images = POPULATION.draw(num_groups, generator)
    ids = pd.DataFrame({"image_id": range(len(images.group)), "group_id": images.group, "split": "test"})
    truth = POPULATION.signal * np.eye(len(HAM10000))[images.y_true]
    noise = POPULATION.draw_noise(images.group, generator)

    def predict(share: float, own: NDArray[np.float64], loss: float) -> Predictions:
        logits = (1 - loss) * truth + np.sqrt(1 - share) * noise + np.sqrt(share) * own + 0.5 * np.log(HAM10000)
        return Predictions(ids, tuple(map(str, range(len(HAM10000)))), images.y_true, logits.astype(np.float32))

    altered = {}
    for number, corruption in enumerate(CORRUPTIONS, start=1):
        own = POPULATION.draw_noise(images.group, generator)
        for condition in list_conditions([corruption]):
            level = condition.strength / 5
            altered[condition] = predict(NOISE * level, own, weaker * level * number / len(CORRUPTIONS))
    return predict(0, noise, 0), altered


if __name__ == "__main__":
    typer.run(main)
