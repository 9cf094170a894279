"""Measure how often 95 % intervals of a proportion contain the truth, if images of a group are correlated.

    python -m benchmarks.simulate_proportions

They are compared with the percentile intervals of the same resamples. Each group's own proportion is drawn from a
beta distribution around the true one.
"""

from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from lesions.evaluation.bootstrap import resample_sums
from lesions.evaluation.proportions import estimate_proportions

POPULATIONS = (
    (0.95, 80, 1.2, 0.7),
    (0.8, 80, 1.2, 0.7),
    (0.95, 200, 1.3, 0.7),
    (0.6, 300, 1.3, 0.7),
    (0.97, 60, 3.0, 0.7),
    (0.5, 100, 4.0, 0.8),
)
"""True proportion, number of groups, mean images per group, and their correlation (0: none, 1: all the same)."""


def main(num_simulations: Annotated[int, typer.Option(help="Test sets per population.")] = 400) -> None:
    """Print the share of intervals that contain the truth, and their mean width, for each population."""
    table = Table("truth", "groups", "images per group", "ours", "width", "percentile", "width")
    for truth, num_groups, mean_images, likeness in POPULATIONS:
        bounds = np.array(
            [simulate_bounds(truth, num_groups, mean_images, likeness, seed) for seed in range(num_simulations)]
        )
        held = (bounds[..., 0] <= truth) & (truth <= bounds[..., 1])
        widths = (bounds[..., 1] - bounds[..., 0]).mean(axis=0)
        numbers = [f"{value:.3f}" for pair in zip(held.mean(axis=0), widths, strict=True) for value in pair]
        table.add_row(f"{truth:g}", str(num_groups), f"{mean_images:g}", *numbers)
    Console(width=100).print(table)


def simulate_bounds(
    truth: float, num_groups: int, mean_images: float, likeness: float, seed: int
) -> list[tuple[float, float]]:
    """Draw a test set, and return the bounds of our interval and of the percentile interval."""
    generator = np.random.default_rng([7, seed])
    group = np.repeat(np.arange(num_groups), 1 + generator.poisson(mean_images - 1, num_groups))
    concentration = 1 / likeness - 1
    hits = (
        generator.random(len(group))
        < generator.beta(concentration * truth, concentration * (1 - truth), num_groups)[group]
    )
    everything, ids = np.ones(len(group), dtype=bool), pd.Series(group)
    (ours,) = estimate_proportions(hits, [everything], ids)
    num_hits, num_images = resample_sums(np.stack([hits, everything], axis=1).astype(float), ids, seed=0)
    low, high = np.quantile(num_hits / num_images, [0.025, 0.975])
    return [(ours.low, ours.high), (float(low), float(high))]


if __name__ == "__main__":
    typer.run(main)
