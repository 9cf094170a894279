"""Measure what thresholds reach that are chosen for a sensitivity of 0.95, and how often their intervals are right.

    python -m benchmarks.simulate_thresholds --num-simulations 1000

Validation and test are samples of groups (patients or lesions) of 1 to 10 images, a fifth of the groups malignant.
The log odds of an image are heavy-tailed, and correlated within a group.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from lesions.evaluation.decisions import score_decisions
from lesions.evaluation.thresholds import choose_threshold, estimate_with_luck

ASKED = 0.95
MALIGNANT_SHARE = 0.195
MAX_IMAGES = 10
SIZES = (60, 104, 300, 900)
"""Groups of each split."""


@dataclass(frozen=True)
class Population:
    """Malignant groups of images.

    Attributes
    ----------
    likeness
        Share of the variance of the log odds that all images of a group have in common.
    hard_are_large
        Whether groups that are hard to recognise have more images.
    is_even
        Whether all sizes are equally frequent; otherwise their frequency is in proportion to 1 / size.
    degrees_of_freedom
        Of the Student's t distribution of the log odds; None if it is normal.
    """

    likeness: float
    hard_are_large: bool = False
    is_even: bool = False
    degrees_of_freedom: int | None = 5

    def draw(self, num_groups: int, generator: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Draw the group and the log odds of each image, both (N,)."""
        weights = 1 / np.arange(1, MAX_IMAGES + 1) ** (0 if self.is_even else 1)
        sizes = generator.choice(np.arange(1, MAX_IMAGES + 1), num_groups, p=weights / weights.sum())
        shared = self._draw_noise(num_groups, generator)
        if self.hard_are_large:
            hardest_first = np.argsort(shared + 1.5 * generator.normal(size=num_groups))
            sizes[hardest_first] = np.sort(sizes)[::-1]
        group = np.repeat(np.arange(num_groups), sizes)
        own = self._draw_noise(len(group), generator)
        return group, np.sqrt(self.likeness) * shared[group] + np.sqrt(1 - self.likeness) * own

    def _draw_noise(self, number: int, generator: np.random.Generator) -> NDArray[np.float64]:
        if self.degrees_of_freedom is None:
            return generator.normal(size=number)
        return generator.standard_t(self.degrees_of_freedom, number)


POPULATIONS = {
    "independent images": Population(0.0),
    "alike within a group": Population(0.6),
    "hard groups larger": Population(0.6, hard_are_large=True),
    "hard groups larger, sizes even": Population(0.6, hard_are_large=True, is_even=True),
    "nearly the same image": Population(0.95),
    "alike, normal": Population(0.6, degrees_of_freedom=None),
}


def main(num_simulations: Annotated[int, typer.Option(help="Pairs of splits per population.")] = 1000) -> None:
    """Print what the thresholds reach, and the coverage of both intervals, for each population and size."""
    headings = ("mean sensitivity", "below 0.95", "calls all", "this threshold", "with its luck")
    table = Table("population", "groups", *headings)
    for name, population in POPULATIONS.items():
        everyone = np.sort(population.draw(300_000, np.random.default_rng(0))[1])
        for num_groups in SIZES:
            found = np.array(list(simulate(population, everyone, num_groups, num_simulations)))
            table.add_row(name, str(num_groups), *(f"{value:.3f}" for value in found.mean(axis=0)))
    Console(width=110).print(table)


def simulate(
    population: Population, everyone: NDArray[np.float64], num_groups: int, num_simulations: int
) -> Iterator[tuple[float, ...]]:
    """Yield the true sensitivity of a threshold, what is odd about it, and which intervals contain the truth."""
    for number in range(num_simulations):
        generator = np.random.default_rng([1, num_groups, number])
        drawn = [
            population.draw(max(2, generator.binomial(num_groups, MALIGNANT_SHARE)), generator) for _ in range(2)
        ]
        (val_groups, val), (test_groups, test) = ((pd.Series(group), odds) for group, odds in drawn)
        # A threshold of 0 must lie below all.
        val, test, truth = np.exp(val), np.exp(test), np.exp(everyone)
        chosen = choose_threshold(np.ones(len(val), dtype=bool), val, ASKED, val_groups)
        sensitivity = 1 - float(np.searchsorted(truth, chosen.value)) / len(truth)
        found = test >= chosen.value
        own = score_decisions(np.ones(len(test), dtype=bool), found, test_groups)["sensitivity"]
        lucky = estimate_with_luck(val >= chosen.value, val_groups, found, test_groups)
        yield (
            sensitivity,
            sensitivity < ASKED,
            chosen.calls_all,
            own.low <= sensitivity <= own.high,
            lucky.low <= ASKED <= lucky.high,
        )


if __name__ == "__main__":
    typer.run(main)
