"""Predicting with a network."""

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
"""Not a parameter: sums are split by it, and so it is part of what makes predictions repeat."""


@torch.inference_mode()
def predict_outputs(
    network: nn.Module,
    source: ImageSource,
    rows: NDArray[np.int64],
    *,
    preprocessing: Preprocessing,
    num_views: int = 1,
) -> NDArray[np.float32]:
    """Predict in float32, so that what comes out does not depend on how the network was trained.

    Parameters
    ----------
    network
        A classifier, or a backbone alone, placed on the device.
    source
        Of the whole cache's pixels, on the same device.
    rows : (N,) int
        The images to predict.
    num_views
        Of the eight flips and quarter turns of each image, how many to average the outputs over.

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
            predict_batch(network, pixels, preprocessing, num_views).cpu().numpy()
            for pixels in source.yield_batches(rows, BATCH_SIZE)
        ]
    except torch.OutOfMemoryError as error:
        raise InputError(
            f"{BATCH_SIZE} images, as are predicted at once, do not fit into the memory of the device; lower the "
            "architecture's size_px, or stop what else holds memory there"
        ) from error
    return np.concatenate(batches)


def predict_batch(network: nn.Module, pixels: Tensor, preprocessing: Preprocessing, num_views: int) -> Tensor:
    """Return the outputs (B, K) float32 for pixels (B, H, W, 3) uint8, as the mean over so many views."""
    inputs = preprocessing.normalise(preprocessing.resize(preprocessing.prepare(pixels)))
    views = islice(yield_views(inputs), num_views)
    memory_format = choose_memory_format(inputs.device)
    outputs = [network(view.contiguous(memory_format=memory_format)).float() for view in views]
    return torch.stack(outputs).mean(dim=0)


def yield_views(images: Tensor) -> Iterator[Tensor]:
    """Yield square images (B, C, H, W) as they are, in the three other quarter turns, and all four mirrored."""
    for mirrored in (images, images.flip(3)):
        for quarters in range(4):
            yield mirrored.rot90(quarters, (2, 3))
