"""Brightness, contrast, saturation and sharpness of images."""

import numpy as np
from numpy.typing import NDArray

from lesions.images.decode import to_grey


def measure_pixels(pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """Measure images (N, H, W, 3) as the network sees them.

    Returns
    -------
    dict of (N,) float
        `brightness`, the mean grey, and `contrast`, its standard deviation, as fractions of white; `saturation`, the
        mean of (max - min) / max over the channels; `sharpness`, the mean absolute difference between a pixel and the
        mean of its four neighbours, as a fraction of white.
    """
    grey = to_grey(pixels).astype(np.float64) / 255  # (N, H, W)
    inner = grey[:, 1:-1, 1:-1]
    around = (grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]) / 4
    largest = pixels.max(axis=3).astype(np.float64)
    saturation = (largest - pixels.min(axis=3)) / np.maximum(largest, 1)
    places = (1, 2)
    return {
        "brightness": grey.mean(axis=places),
        "contrast": grey.std(axis=places),
        "saturation": saturation.mean(axis=places),
        "sharpness": np.abs(inner - around).mean(axis=places),
    }
