"""Which training images an epoch shows, and in what order."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Scheme = Literal["shuffled", "class_balanced", "square_root"]

FREQUENCY_EXPONENTS: dict[Scheme, float] = {"shuffled": 1.0, "square_root": 0.5, "class_balanced": 0.0}
"""A diagnosis with n training images is shown in proportion to n to this power."""


def compute_shares(num_images: tuple[int, ...], scheme: Scheme) -> NDArray[np.float64]:
    """Compute the share of each class among the images that an epoch shows, (K,)."""
    frequencies = np.array(num_images, dtype=np.float64) ** FREQUENCY_EXPONENTS[scheme]
    shares: NDArray[np.float64] = frequencies / frequencies.sum()
    return shares


def draw_order(
    labels: NDArray[np.int64], num_images: tuple[int, ...], scheme: Scheme, *, seed: int, epoch: int
) -> NDArray[np.int64]:
    """Draw the images of an epoch: each once if shuffled, else with replacement by the shares of the classes.

    Parameters
    ----------
    labels : (N,) int
        The class of each training image.
    num_images : (K,)
        Training images of each class.

    Returns
    -------
    (N,) int
        Indices of training images.
    """
    generator = np.random.default_rng([seed, epoch, 1])
    if scheme == "shuffled":
        return generator.permutation(len(labels))
    chances = (compute_shares(num_images, scheme) / num_images)[labels]
    return generator.choice(len(labels), size=len(labels), p=chances / chances.sum())
