"""Computing the outputs of a network for images."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lesions.errors import InputError
from lesions.hardware.device import choose_memory_format
from lesions.networks.source import ImageSource
from lesions.transforms.preprocessing import Preprocessing

BATCH_SIZE = 256
"""Images per batch. Not a parameter: it decides the order of sums, so predictions repeat only if it is constant."""


@torch.inference_mode()
def predict_outputs(
    network: nn.Module,
    source: ImageSource,
    rows: NDArray[np.int64],
    *,
    preprocessing: Preprocessing,
    num_views: int = 1,
) -> NDArray[np.float32]:
    """Compute the outputs of a network for images, in float32 regardless of the precision of its training.

    Parameters
    ----------
    network
        A classifier, or a backbone alone, on the device.
    source
        The pixels of the whole cache, on the same device.
    rows : (N,) int
        The rows in the cache of the images to predict.
    num_views
        Number of views, of the eight flips and quarter turns of each image, over which to average the outputs.

    Returns
    -------
    (N, K) float32 logits of a classifier, (N, F) float32 features of a backbone

    Raises
    ------
    InputError
        If a batch does not fit into the device's memory.
    """
    network.eval()
    try:
        batches = [
            predict_batch(network, pixels, preprocessing=preprocessing, num_views=num_views).cpu().numpy()
            for pixels in source.yield_batches(rows, BATCH_SIZE)
        ]
    except torch.OutOfMemoryError as error:
        raise InputError(
            f"a batch of {BATCH_SIZE} images to predict does not fit into the memory of the device; lower the "
            "architecture's size_px, or stop other programs that use its memory"
        ) from error
    return np.concatenate(batches)


def predict_batch(network: nn.Module, pixels: Tensor, *, preprocessing: Preprocessing, num_views: int) -> Tensor:
    """Return the outputs (B, K) float32 for pixels (B, H, W, 3) uint8, averaged over the first `num_views` views."""
    inputs = preprocessing.normalise(preprocessing.resize(preprocessing.prepare(pixels)))
    views = islice(yield_views(inputs), num_views)
    memory_format = choose_memory_format(inputs.device)
    outputs = [network(view.contiguous(memory_format=memory_format)).float() for view in views]
    return torch.stack(outputs).mean(dim=0)


def yield_views(images: Tensor) -> Iterator[Tensor]:
    """Yield the eight views of square images (B, C, H, W): four quarter turns, then the same of the mirror images."""
    for mirrored in (images, images.flip(3)):
        for quarters in range(4):
            yield mirrored.rot90(quarters, (2, 3))
