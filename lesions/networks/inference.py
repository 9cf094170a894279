"""Predicting with a network."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lesions.hardware.device import choose_memory_format
from lesions.networks.preprocessing import Preprocessing

BATCH_SIZE = 256
"""Not a parameter: sums are split by it, and so it is part of what makes predictions repeat."""


@torch.inference_mode()
def predict_outputs(
    network: nn.Module,
    images: NDArray[np.uint8],
    rows: NDArray[np.int64],
    *,
    preprocessing: Preprocessing,
    device: torch.device,
) -> NDArray[np.float32]:
    """Predict in float32, so that what comes out does not depend on how the network was trained.

    Parameters
    ----------
    network
        A classifier, or a backbone alone.
    images : (M, H, W, 3) uint8
        The whole cache.
    rows : (N,) int
        The images to predict.

    Returns
    -------
    (N, K) float32 logits of a classifier, (N, F) float32 features of a backbone
    """
    memory_format = choose_memory_format(device)
    network.to(memory_format=memory_format).eval()
    batches = []
    for start in range(0, len(rows), BATCH_SIZE):
        batch = preprocessing.load(images, rows[start : start + BATCH_SIZE], device)
        inputs = preprocessing.normalise(preprocessing.resize(batch))
        batches.append(network(inputs.contiguous(memory_format=memory_format)).float().cpu().numpy())
    return np.concatenate(batches)
