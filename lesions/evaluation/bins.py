"""Bins of images for curves of what was observed by probability."""

import numpy as np
from numpy.typing import NDArray

MIN_BIN_IMAGES = 20
"""Fewer images in a bin show little but chance."""


def merge_small_bins(bins: NDArray[np.int64], *, fewest: int = MIN_BIN_IMAGES) -> NDArray[np.int64]:
    """Return the bin of each image (N,), numbered from 0, after joining each bin that is too small with the next.

    The last is joined with the one before it. Fewer than `fewest` images in all are one bin.

    Parameters
    ----------
    bins : (N,) int
        In the order of the probabilities.
    fewest
        The least number of images in a bin.
    """
    numbers, sizes = np.unique(bins, return_counts=True)
    merged, current, size = [], 0, 0
    for number_of_images in sizes:
        if size >= fewest:
            current, size = current + 1, 0
        merged.append(current)
        size += number_of_images
    if size < fewest and current:
        merged = [min(number, current - 1) for number in merged]
    return np.array(merged, dtype=np.int64)[np.searchsorted(numbers, bins)]
