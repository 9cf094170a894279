"""Batches of cached images, on the device that needs them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.images.shards import Images

RESIDENT_FRACTION = 0.6
"""Fraction of a GPU's free memory that the images may take; the rest is for the network."""

UPLOAD_BYTES = 2**26
"""Number of bytes copied to a GPU at a time."""


class ImageSource(Protocol):
    """The interface of everything that yields batches of images."""

    def yield_batches(self, rows: NDArray[np.int64], batch_size: int) -> Iterator[Tensor]:
        """Yield batches (B, H, W, 3) uint8 of rows of the cache, in the given order; the last may be smaller."""
        ...


def open_source(images: Images, device: torch.device) -> ImageSource:
    """Copy the whole cache to the GPU if its memory has room; otherwise gather each batch when it is needed.

    Parameters
    ----------
    images : (M, H, W, 3) uint8
        All images, memory-mapped, in memory or in shards.
    """
    if device.type == "cuda" and images.nbytes <= RESIDENT_FRACTION * torch.cuda.mem_get_info(device)[0]:
        return ResidentImages(images, device)
    return GatheredImages(images, device)


class ResidentImages:
    """A source that holds the whole cache in the device's memory."""

    def __init__(self, images: Images, device: torch.device) -> None:
        self._images = torch.empty(images.shape, dtype=torch.uint8, device=device)
        rows_at_once = max(1, UPLOAD_BYTES // (images.nbytes // len(images)))
        for start in range(0, len(images), rows_at_once):
            part = slice(start, start + rows_at_once)
            self._images[part].copy_(torch.from_numpy(np.array(images[part])))

    def yield_batches(self, rows: NDArray[np.int64], batch_size: int) -> Iterator[Tensor]:
        """Yield batches as in `ImageSource`; the device itself gathers the rows."""
        for part in torch.tensor(rows, device=self._images.device).split(batch_size):
            yield self._images.index_select(0, part)


class GatheredImages:
    """A source that gathers the next batch in a thread while the current one is used."""

    def __init__(self, images: Images, device: torch.device) -> None:
        self._images = images
        self._device = device

    def yield_batches(self, rows: NDArray[np.int64], batch_size: int) -> Iterator[Tensor]:
        """Yield batches as in `ImageSource`."""
        with ThreadPoolExecutor(1) as thread:
            ahead = None
            for start in range(0, len(rows), batch_size):
                gathering = thread.submit(self._gather, rows[start : start + batch_size])
                if ahead:
                    yield ahead.result().to(self._device, non_blocking=True)
                ahead = gathering
            if ahead:
                yield ahead.result().to(self._device, non_blocking=True)

    def _gather(self, rows: NDArray[np.int64]) -> Tensor:
        """Copy rows into pinned memory, which a GPU reads without the CPU; torch reuses it afterwards."""
        pinned = self._device.type == "cuda"
        batch = torch.empty((len(rows), *self._images.shape[1:]), dtype=torch.uint8, pin_memory=pinned)
        if isinstance(self._images, np.ndarray):
            # Only the default mode buffers `out`; clipping never happens, because rows are always within bounds.
            np.take(self._images, rows, axis=0, out=batch.numpy(), mode="clip")
        else:
            batch.numpy()[...] = self._images[rows]
        return batch
