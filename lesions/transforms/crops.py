"""Random parts of an image, of random size and shape, each of which is shown as the whole image."""

import math

import numpy as np
from numpy.typing import NDArray

Range = tuple[float, float]
"""The smallest and the largest value."""

NUM_TRIES = 10
"""Number of sizes drawn per image, of which the first is taken that fits into the image, as in torchvision."""


def draw_crops(
    num_images: int, *, area: Range | None, aspect: Range | None, seed: int, epoch: int
) -> NDArray[np.float32]:
    """Draw the part that each image of an epoch is cropped to, as torchvision's `RandomResizedCrop` does.

    Areas are uniform, and logarithms of aspects are uniform. If no size of several fits into the image, the largest
    central part of an allowed aspect is taken.

    Parameters
    ----------
    area
        The fraction of the image's area; None for whole images.
    aspect
        The width divided by the height; None if `area` is None.

    Returns
    -------
    (N, 4) float32
        The centre's x and y, where the image's edges are -1 and 1, and the width and height as fractions of the
        image's side.
    """
    if area is None or aspect is None:
        return np.tile(np.array([0, 0, 1, 1], dtype=np.float32), (num_images, 1))
    generator = np.random.default_rng([seed, epoch, 4])
    areas = generator.uniform(*area, (num_images, NUM_TRIES))
    roots = np.exp(generator.uniform(math.log(aspect[0]), math.log(aspect[1]), (num_images, NUM_TRIES)) / 2)
    places = generator.uniform(-1, 1, (num_images, 2))
    sides = np.sqrt(areas)[..., None] * np.stack([roots, 1 / roots], axis=-1)  # (N, NUM_TRIES, 2)
    fits = (sides <= 1).all(axis=-1)
    chosen = sides[np.arange(num_images), fits.argmax(axis=1)]
    lowest, highest = aspect
    any_fits = fits.any(axis=1)[:, None]
    chosen = np.where(any_fits, chosen, [min(1, highest), 1 / max(1, lowest)])
    centres = np.where(any_fits, places * (1 - chosen), 0)
    return np.hstack([centres, chosen]).astype(np.float32)
