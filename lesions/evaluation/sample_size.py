"""How many groups of each diagnosis a test set needs, for a wanted interval or to tell a wanted difference.

Images of one group are alike, so that they count for fewer independent ones: for their number divided by the design
effect 1 + (m - 1) likeness (Kish 1965), where m is the mean number of images in the group of an image, and likeness
the correlation between two images of a group (of whether they are classified correctly).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from lesions.evaluation.binomial import TAIL, bound_by_trials

POWER = 0.8
"""The probability with which a true difference is to be found."""

MOST_IMAGES = 1e9
"""More independent images than this are not counted."""


@dataclass(frozen=True)
class Clusters:
    """How the images of a diagnosis lie in groups.

    Attributes
    ----------
    num_groups, num_images
        Groups with an image of the diagnosis, and images of it.
    images_per_group
        The mean number of images of the diagnosis in such a group.
    images_beside
        The mean over images, not over groups, of the number of images in the image's group, itself included.
    """

    num_groups: int
    num_images: int
    images_per_group: float
    images_beside: float

    def design_effect(self, likeness: float) -> float:
        """Return how many images count for an independent one."""
        return 1 + (self.images_beside - 1) * likeness

    def count_groups(self, num_independent: float, likeness: float) -> int | None:
        """Return the number of such groups that count for a number of independent images; None if no number does."""
        if num_independent == inf:
            return None
        return ceil(num_independent * self.design_effect(likeness) / self.images_per_group)

    def count_independent(self, num_groups: int, likeness: float) -> float:
        """Return the number of independent images for which a number of such groups counts."""
        return num_groups * self.images_per_group / self.design_effect(likeness)


def measure_clusters(group_id: pd.Series) -> Clusters:
    """Measure how images lie in groups, from the group (N,) of each; there is at least one image."""
    sizes = group_id.value_counts().to_numpy()
    num_images = int(sizes.sum())
    return Clusters(len(sizes), num_images, num_images / len(sizes), float((sizes**2).sum() / num_images))


def count_for_half_width(score: float, half_width: float) -> float:
    """Return the number of independent images whose interval has a half-width.

    The interval is that of Clopper and Pearson, as for all proportions in the report; its half-width is half the
    distance between its bounds.
    """
    return _search(lambda trials: compute_half_width(score, trials) <= half_width)


def compute_half_width(score: float, num_independent: float) -> float:
    """Return half the width of Clopper and Pearson's interval of a proportion."""
    low, high = bound_by_trials(np.array([score]), np.array([num_independent]))
    return float(high[0] - low[0]) / 2


def count_for_difference(discordances: Sequence[float], difference: float) -> float:
    """Return the number of independent images of each class with which a true difference is found with `POWER`.

    The difference is of the mean over classes of the share of correctly classified images, between two models on the
    same images. Its variance on one image of a class is the discordance minus the squared difference (Connor 1987,
    Biometrics 43, 207-211).

    Parameters
    ----------
    discordances
        For each class, the share of its images on which only one of the two models is right.
    """
    return _search(lambda trials: _is_found(discordances, [trials] * len(discordances), difference))


def find_difference(discordances: Sequence[float], num_independent: Sequence[float]) -> float:
    """Return the true difference that so many independent images of each class find with `POWER`, at most 1."""
    low, high = 0.0, 1.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if _is_found(discordances, num_independent, middle) else (middle, high)
    return high


def assume_discordance(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of images on which only one of two models is right that err independently of each other."""
    return 2 * score * (1 - score)


def _is_found(discordances: Sequence[float], num_independent: Sequence[float], difference: float) -> bool:
    quantiles = float(ndtri(1 - TAIL) + ndtri(POWER))
    # A difference of d needs at least d of the images on which only one model is right.
    variances = [
        (max(discordance, difference) - difference**2) / trials if trials else inf
        for discordance, trials in zip(discordances, num_independent, strict=True)
    ]
    return quantiles * sqrt(sum(variances)) / len(variances) <= difference


def _search(is_enough: Callable[[float], bool]) -> float:
    """Return the smallest number that is enough, to a thousandth part, or infinity."""
    low, high = 0.0, 1.0
    while not is_enough(high):
        low, high = high, 2 * high
        if high > MOST_IMAGES:
            return inf
    while high - low > high / 1000:
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
