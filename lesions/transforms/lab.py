"""Conversion between sRGB and CIELAB with the white of sRGB, D65 (IEC 61966-2-1 and CIE 15)."""

import numpy as np
import torch
from torch import Tensor

from lesions.hardware.device import to_device_constants

TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
"""Weights of linear red, green and blue in X, Y and Z."""

FROM_XYZ = tuple(map(tuple, np.linalg.inv(TO_XYZ).tolist()))
WHITE = tuple(map(sum, TO_XYZ))

LINEAR_UP_TO = 6 / 29
"""CIELAB's cube root is replaced by a line below the cube of this number."""


def to_lab(images: Tensor) -> Tensor:
    """Convert sRGB images (B, 3, H, W) from 0 to 1 to L* from 0 to 100, a* and b*."""
    linear = (images / 12.92).where(images <= 0.04045, ((images + 0.055) / 1.055) ** 2.4)
    x, y, z = _compress(_mix(linear, TO_XYZ) / _as_channels(WHITE, images)).unbind(dim=1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def from_lab(lab: Tensor) -> Tensor:
    """Convert L*, a* and b* (B, 3, H, W) to sRGB images, clipped to 0 and 1."""
    lightness, a, b = lab.unbind(dim=1)
    y = (lightness + 16) / 116
    xyz = _expand(torch.stack([y + a / 500, y, y - b / 200], dim=1)) * _as_channels(WHITE, lab)
    linear = _mix(xyz, FROM_XYZ).clamp(0, 1)
    return (linear * 12.92).where(linear <= 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055).clamp(0, 1)


def _compress(ratios: Tensor) -> Tensor:
    line = ratios / (3 * LINEAR_UP_TO**2) + 4 / 29
    return line.where(ratios <= LINEAR_UP_TO**3, ratios.clamp(min=0) ** (1 / 3))


def _expand(compressed: Tensor) -> Tensor:
    line = 3 * LINEAR_UP_TO**2 * (compressed - 4 / 29)
    return line.where(compressed <= LINEAR_UP_TO, compressed**3)


def _mix(images: Tensor, weights: tuple[tuple[float, ...], ...]) -> Tensor:
    """Return each output channel as a weighted sum of the channels, by the rows of `weights`."""
    return (to_device_constants(weights, images.device) @ images.flatten(2)).view_as(images)


def _as_channels(numbers: tuple[float, ...], images: Tensor) -> Tensor:
    return to_device_constants(numbers, images.device).view(3, 1, 1)
