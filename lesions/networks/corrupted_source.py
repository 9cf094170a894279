"""Batches of cached images that are altered on the way to a network."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lesions.networks.source import ImageSource
from lesions.transforms.conditions import Condition
from lesions.transforms.corruptions import corrupt_images


@dataclass(frozen=True)
class CorruptedImages:
    """A source whose images are altered by one condition."""

    source: ImageSource
    condition: Condition

    def yield_batches(self, rows: NDArray[np.int64], batch_size: int) -> Iterator[Tensor]:
        """Yield altered batches as in `ImageSource`, computed on the device of the source."""
        start = 0
        for pixels in self.source.yield_batches(rows, batch_size):
            yield corrupt_images(pixels, rows[start : start + len(pixels)], self.condition)
            start += len(pixels)
