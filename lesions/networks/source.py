"""Batches of cached pixels, on the device that computes with them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

RESIDENT_FRACTION = 0.6
"""Part of a GPU's free memory that the images may take; the rest is the network's."""

UPLOAD_BYTES = 2**26
"""Copied to a GPU at once."""


class ImageSource(Protocol):
    """Where batches of pixels come from."""

    def yield_batches(self, rows: NDArray[np.int64], batch_size: int) -> Iterator[Tensor]:
        """Yield rows of the cache in the order given, (B, H, W, 3) uint8 each; the last batch may be smaller."""
        ...


def open_source(images: NDArray[np.uint8], device: torch.device) -> ImageSource:
    """Put the whole cache on a GPU whose memory has room for it; else gather each batch from where it is.

    Parameters
    ----------
    images : (M, H, W, 3) uint8
        The cache, as a memory map or in memory.
    """
    if device.type == "cuda" and images.nbytes <= RESIDENT_FRACTION * torch.cuda.mem_get_info(device)[0]:
        return ResidentImages(images, device)
    return GatheredImages(images, device)


class ResidentImages:
    """The whole cache in the device's memory."""

    def __init__(self, images: NDArray[np.uint8], device: torch.device) -> None:
        self._images = torch.empty(images.shape, dtype=torch.uint8, device=device)
        rows_at_once = max(1, UPLOAD_BYTES // (images.nbytes // len(images)))
        for start in range(0, len(images), rows_at_once):
            part = slice(start, start + rows_at_once)
            self._images[part].copy_(torch.from_numpy(np.array(images[part])))

    def yield_batches(self, rows: NDArray[np.int64], batch_size: int) -> Iterator[Tensor]:
        """Yield rows as `ImageSource` says; the device copies them itself."""
        for part in torch.tensor(rows, device=self._images.device).split(batch_size):
            yield self._images.index_select(0, part)


class GatheredImages:
    """A cache of which one thread gathers the next batch while the present one is computed with."""

    def __init__(self, images: NDArray[np.uint8], device: torch.device) -> None:
        self._images = images
        self._device = device

    def yield_batches(self, rows: NDArray[np.int64], batch_size: int) -> Iterator[Tensor]:
        """Yield rows as `ImageSource` says."""
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
        """Copy rows into memory that a GPU can read by itself; torch reuses it once the GPU has."""
        pinned = self._device.type == "cuda"
        batch = torch.empty((len(rows), *self._images.shape[1:]), dtype=torch.uint8, pin_memory=pinned)
        # Any mode but the default writes to `out` at once; rows of the cache are never out of its bounds.
        np.take(self._images, rows, axis=0, out=batch.numpy(), mode="clip")
        return batch
