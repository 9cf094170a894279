"""Measure how often a subgroup is marked if none differs, and if the model is worse at one site.

    python -m benchmarks.simulate_subgroups --num-simulations 200

A test set has groups of 1 to 10 images of HAM10000's diagnoses; some images are of another diagnosis than the rest of
their group. The noise of a model's logits is Student's, and in part shared by the images of a group.
"""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from rich.console import Console

from lesions.evaluation.subgroups import compare_accuracies
from lesions.tables.predictions import Predictions

SHARES = np.array((0.032, 0.052, 0.11, 0.012, 0.11, 0.67, 0.014))
OTHER_DIAGNOSIS, LIKENESS, DEGREES_OF_FREEDOM = 0.15, 0.6, 5
WORSE_SITE = 1
NEVUS = 5


@dataclass(frozen=True)
class Population:
    """What test sets are drawn from.

    Attributes
    ----------
    signal
        Increase of the logit of the true diagnosis, in standard deviations of the noise.
    largest_group
        Images; the number of groups of a size is in inverse proportion to it.
    site
        What the site of a group depends on (nothing, size or diagnosis); `image` if each image has its own.
    lost
        The share of correct images at one site, of a fifth of the groups, that become wrong.
    """

    signal: float = 2.0
    largest_group: int = 10
    site: str = "nothing"
    lost: float = 0.0

    def draw(self, num_groups: int, generator: np.random.Generator) -> Predictions:
        """Draw a test set, and a model's predictions for it."""
        sizes = np.arange(1, self.largest_group + 1)
        size = generator.choice(sizes, num_groups, p=1 / sizes / (1 / sizes).sum())
        main = generator.choice(len(SHARES), num_groups, p=SHARES / SHARES.sum())
        group = np.repeat(np.arange(num_groups), size)
        other = (generator.random(len(group)) < OTHER_DIAGNOSIS) & (size[group] > 1)
        y_true = np.where(other, generator.choice(len(SHARES), len(group), p=SHARES / SHARES.sum()), main[group])
        images = self.draw_attributes(size, main, group, generator)
        y_pred = (draw_noise(group, generator) + self.signal * np.eye(len(SHARES))[y_true]).argmax(axis=1)
        lost = (images.site == str(WORSE_SITE)).to_numpy() & (generator.random(len(group)) < self.lost)
        y_pred = np.where(lost & (y_pred == y_true), (y_true + 1) % len(SHARES), y_pred)
        return Predictions(images, tuple(map(str, range(len(SHARES)))), y_true, np.eye(len(SHARES))[y_pred])

    def draw_attributes(
        self,
        size: NDArray[np.int64],
        main: NDArray[np.int64],
        group: NDArray[np.int64],
        generator: np.random.Generator,
    ) -> pd.DataFrame:
        """Draw sex, age, site and confirmation of the images."""
        num_groups = len(size)
        by_size = np.digitize(size, [2, 5])
        by_diagnosis = np.where(generator.random(num_groups) < np.where(main == NEVUS, 0.1, 0.6), 0, 1)
        site = generator.choice(8, num_groups, p=[0.2, 0.2, 0.15, 0.15, 0.1, 0.1, 0.05, 0.05])
        sites = {"size": by_size, "diagnosis": by_diagnosis}.get(self.site, site)[group]
        return pd.DataFrame(
            {
                "image_id": np.arange(len(group)),
                "group_id": group,
                "split": "test",
                "sex": generator.choice(["female", "male", "unknown"], num_groups, p=[0.45, 0.5, 0.05])[group],
                "age_years": generator.choice([15, 30, 50, 70, 85], num_groups, p=[0.05, 0.2, 0.35, 0.3, 0.1])[group],
                "site": (generator.permutation(sites) if self.site == "image" else sites).astype(str),
                "source": "ham10000",
                "diagnosis_confirmation": generator.choice(list("abcd"), num_groups, p=[0.5, 0.3, 0.1, 0.1])[group],
                "fitzpatrick_type": None,
            }
        )


def draw_noise(group: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw the noise of the logits (N, K) with variance 1, alike within groups."""
    scale = np.sqrt((DEGREES_OF_FREEDOM - 2) / DEGREES_OF_FREEDOM)
    shared, own = scale * generator.standard_t(DEGREES_OF_FREEDOM, size=(2, len(group), len(SHARES)))
    return np.sqrt(LIKENESS) * shared[group] + np.sqrt(1 - LIKENESS) * own


WEAK, STRONG = Population(), Population(signal=5.0)

POPULATIONS = {
    "no subgroup differs": WEAK,
    "a strong model": STRONG,
    "one image per group": replace(WEAK, largest_group=1),
    "a site for each image": replace(WEAK, site="image"),
    "sites of larger groups": replace(WEAK, site="size"),
    "a strong model, sites of larger groups": replace(STRONG, site="size"),
    "sites of other diagnoses": replace(WEAK, site="diagnosis"),
    "a fifth lost at one site": replace(WEAK, lost=0.2),
    "a third lost at one site": replace(WEAK, lost=1 / 3),
    "a strong model, a fifth lost at one site": replace(STRONG, lost=0.2),
}


def main(
    num_simulations: Annotated[int, typer.Option(help="Test sets per population and number of groups.")] = 200,
    num_groups: Annotated[list[int], typer.Option(help="Groups of a test set.")] = [104, 300, 900],  # noqa: B006
) -> None:
    """Print the share of test sets in which any subgroup is marked, and in which the worse site is."""
    for number in num_groups:
        for name, population in POPULATIONS.items():
            marks = np.array([count_marks(population, number, seed) for seed in range(num_simulations)])
            scored, any_marked, site_marked = marks.mean(axis=0)
            found = f"; the worse site in {site_marked:.3f}" if population.lost else ""
            Console(width=120).print(
                f"{number} groups, {name}: {scored:.1f} subgroups, any marked in {any_marked:.3f}{found}"
            )


def count_marks(population: Population, num_groups: int, seed: int) -> tuple[int, bool, bool]:
    """Draw a test set, and return how many subgroups are scored, and whether any, and the worse site, is marked."""
    predictions = population.draw(num_groups, np.random.default_rng([3, seed]))
    subgroups = compare_accuracies(predictions, min_groups=20).scored
    marked = [one for one in subgroups if one.difference and one.difference.is_beyond_noise]
    worse = ("site", str(WORSE_SITE))
    return len(subgroups), bool(marked), any((one.attribute, one.value) == worse for one in marked)


if __name__ == "__main__":
    typer.run(main)
