"""Measure how often the gate fails a change, or calls it better, whose true effect is known.

    python -m benchmarks.simulate_gate --num-groups 300 --num-simulations 200

Two models predict the same test images before and after a change, drawn from a population in which both models lose a
known amount. Each of three metrics has a rule, so that the gate judges six rows together.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from rich.progress import track
from rich.table import Table

from benchmarks.simulate_coverage import HAM10000, Population
from lesions.evaluation.scores import score_predictions
from lesions.gate.judgement import judge_changes, judge_since_release
from lesions.gate.metrics import ModelMetrics, RevisionMetrics
from lesions.gate.outcomes import Change
from lesions.gate.pairs import pair_revisions
from lesions.gate.rules import Rule
from lesions.stage.tables import print_table
from lesions.tables.predictions import Predictions

POPULATION = Population(shares=HAM10000, mean_images=2.0, likeness=0.6, signal=2.0)

LOSSES = (0.0, 0.3)
"""Decrease of both models' signal, in standard deviations of the noise."""

METRICS = ("balanced_accuracy", "macro_f1", "macro_roc_auc")

NOT_WORSE_BY = 0.05

LIKENESS = 0.6
"""Share of the noise variance that all predictions have in common: images hard for one model are hard for another."""

OUTCOMES = (
    "better",
    "fails: largest_drop 0",
    "fails: largest_drop = true drop",
    f"passes: not_worse_by {NOT_WORSE_BY}",
    "passes: not_worse_by = true drop",
)


def main(
    num_simulations: Annotated[int, typer.Option(help="Changes per loss.")] = 200,
    num_groups: Annotated[int, typer.Option(help="Groups of test images.")] = 300,
) -> None:
    """Print the share of changes with each outcome, for each loss and metric."""
    table = Table("groups", "metric", "true drop", *OUTCOMES)
    for loss in LOSSES:
        truth = [score(revision["first"]) for revision in draw_revisions(200_000, loss, seed=0)]
        drops = {metric: truth[0][metric] - truth[1][metric] if loss else 0.0 for metric in METRICS}
        outcomes = np.array(
            [
                list_outcomes(*draw_revisions(num_groups, loss, seed=1 + number), drops)
                for number in track(range(num_simulations), f"{num_groups} groups, loss {loss}")
            ]
        )
        for column, metric in enumerate(METRICS):
            parts = outcomes[:, :, column :: len(METRICS)].mean(axis=(0, 2))
            table.add_row(str(num_groups), metric, f"{drops[metric]:.3f}", *_spell(parts))
        # The gate fails if any row fails, and passes if all rows pass.
        gate = np.where([name.startswith("passes") for name in OUTCOMES], outcomes.all(axis=2), outcomes.any(axis=2))
        table.add_row(str(num_groups), "the gate: six rows", "", *_spell(gate.mean(axis=0)))
    print_table(table)


def draw_revisions(
    num_groups: int, loss: float, *, seed: int
) -> tuple[dict[str, Predictions], dict[str, Predictions]]:
    """Draw test images, and the predictions of two models before and after a change."""
    generator = np.random.default_rng([7, seed])
    K = len(POPULATION.shares)
    images = POPULATION.draw(num_groups, generator)
    ids = pd.DataFrame({"image_id": range(len(images.group)), "group_id": images.group, "split": "test"})
    signal = POPULATION.signal * np.eye(K)[images.y_true]
    noise = np.log(images.y_prob) - signal

    def predict(weaker: float) -> Predictions:
        own = POPULATION.draw_noise(images.group, generator)
        logits = (1 - weaker / POPULATION.signal) * signal + np.sqrt(LIKENESS) * noise + np.sqrt(1 - LIKENESS) * own
        return Predictions(ids, tuple(map(str, range(K))), images.y_true, logits)

    before, after = ({model: predict(weaker) for model in ("first", "second")} for weaker in (0.0, loss))
    return before, after


def score(predictions: Predictions) -> dict[str, float]:
    """Return the scores as in `metrics/<model>/test.json`."""
    return score_predictions(predictions.y_true, predictions.y_prob)


def list_outcomes(
    before: Mapping[str, Predictions], after: Mapping[str, Predictions], drops: Mapping[str, float]
) -> NDArray[np.bool_]:
    """Return which of the outcomes each of the six rows has, (5, 6)."""
    base, now = (
        RevisionMetrics(name, {model: ModelMetrics(score(side[model]), side[model]) for model in side}, "any")
        for name, side in (("the base", before), ("the workspace", after))
    )
    any_drop = {metric: build_rule(0.0, NOT_WORSE_BY) for metric in METRICS}
    # A limit of 0 is none.
    true_drop = {metric: build_rule(max(0.0, drop), max(1e-9, drop)) for metric, drop in drops.items()}
    pairs = pair_revisions(base, now, any_drop)
    changes = [judge_changes(pairs, rules) for rules in (any_drop, true_drop)]
    return np.array(
        [
            [row.change is Change.BETTER for row in changes[0]],
            *([row.change is Change.REGRESSION for row in rows] for rows in changes),
            *([not row.is_failure for row in judge_since_release(pairs, rules)] for rules in (any_drop, true_drop)),
        ]
    )


def build_rule(largest_drop: float, not_worse_by: float) -> Rule:
    """Return a rule without a floor."""
    return Rule(
        direction="higher", floor=None, largest_drop=largest_drop, beyond_noise=True, not_worse_by=not_worse_by
    )


def _spell(parts: NDArray[np.float64]) -> list[str]:
    return [f"{part:.3f}" for part in parts]


if __name__ == "__main__":
    typer.run(main)
