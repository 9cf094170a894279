"""Changes that hide parts of a training image: hairs, blur, and squares cut out."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lesions.hardware.device import to_device_constants
from lesions.transforms.boxes import mask_boxes
from lesions.transforms.preprocessing import pixel_centres

HAIR_DRAWS = ("x", "y", "angle", "bend", "length", "width", "darkness")
"""The random numbers per hair, from -1 to 1, in the order of the last axis of `draw_hairs`."""

MAX_BEND = 0.4
HAIR_LENGTH = (0.4, 2.0)
HAIR_WIDTH = (0.008, 0.03)
HAIR_DARKNESS = (0.5, 0.95)
"""Properties of a hair, in units of half the image's side: the largest distance from a straight line after one unit,
and the ranges of its length, its width and the fraction of the light that it absorbs."""


def draw_hairs(num_images: int, num_hairs: int, *, seed: int, epoch: int) -> NDArray[np.float32]:
    """Draw the random numbers of the hairs that each image of an epoch may get.

    Returns
    -------
    (N, num_hairs, len(HAIR_DRAWS)) float32
    """
    size = (num_images, num_hairs, len(HAIR_DRAWS))
    return np.random.default_rng([seed, epoch, 3]).uniform(-1, 1, size).astype(np.float32)


def draw_over_hairs(images: Tensor, hairs: Tensor, counts: Tensor) -> Tensor:
    """Draw dark, bent lines over images.

    Parameters
    ----------
    images : (B, 3, H, W)
    hairs : (B, M, len(HAIR_DRAWS)), from -1 to 1
    counts : (B,)
        The number of hairs that each image gets, at most M.
    """
    height, width = images.shape[-2:]
    y, x = pixel_centres(height, images.device)[:, None], pixel_centres(width, images.device)[None, :]
    light = torch.ones(len(images), height, width, device=images.device)
    for number in range(hairs.shape[1]):
        drawn = dict(zip(HAIR_DRAWS, hairs[:, number, :, None, None].unbind(dim=1), strict=True))
        angle = drawn["angle"] * math.pi
        dx, dy = x - drawn["x"], y - drawn["y"]
        along = dx * angle.cos() + dy * angle.sin()
        bend = drawn["bend"] * MAX_BEND
        # The first-order approximation of the distance from a parabola.
        away = (dy * angle.cos() - dx * angle.sin() - bend * along**2).abs() / (1 + (2 * bend * along) ** 2).sqrt()
        away = torch.maximum(away, along.abs() - _between(drawn["length"], HAIR_LENGTH) / 2)
        # A hair's edge fades over one pixel, which is 2 / width units.
        cover = ((_between(drawn["width"], HAIR_WIDTH) / 2 - away) * width / 2 + 0.5).clamp(0, 1)
        there = (number < counts)[:, None, None]
        light = light * (1 - there * cover * _between(drawn["darkness"], HAIR_DARKNESS))
    return images * light[:, None]


def blur_images(images: Tensor, sigmas: Tensor, *, max_sigma: float) -> Tensor:
    """Blur each image with its own Gaussian; beyond its edges an image is continued by reflection.

    Parameters
    ----------
    images : (B, C, H, W)
    sigmas : (B,)
        The standard deviations in pixels, at most `max_sigma`.
    """
    B, C = images.shape[:2]
    reach = min(math.ceil(3 * max_sigma), min(images.shape[-2:]) - 1)
    offsets = torch.arange(-reach, reach + 1, device=images.device)
    weights = torch.exp(-0.5 * (offsets / sigmas.clamp(min=0.01)[:, None]) ** 2)
    weights = (weights / weights.sum(dim=1, keepdim=True)).repeat_interleave(C, dim=0)[:, None, :]  # (B C, 1, taps)
    planes = F.pad(images, [reach] * 4, mode="reflect").reshape(1, B * C, *(n + 2 * reach for n in images.shape[-2:]))
    planes = F.conv2d(planes, weights[:, :, :, None], groups=B * C)
    planes = F.conv2d(planes, weights[:, :, None, :], groups=B * C)
    return planes.reshape_as(images)


def cut_out_squares(images: Tensor, centres: Tensor, sides: Tensor, *, fill: tuple[float, float, float]) -> Tensor:
    """Fill a square of each image with one colour (DeVries and Taylor 2017, arXiv:1708.04552).

    Parameters
    ----------
    images : (B, 3, H, W)
    centres : (B, 2)
        The centres of the squares, x and y, from -1 to 1; squares are clipped at the image's edge.
    sides : (B,)
        The sides of the squares, as fractions of the image's side.
    """
    hole = mask_boxes(centres[:, 0], centres[:, 1], sides, size=(images.shape[-2], images.shape[-1]))
    return torch.where(hole[:, None], to_device_constants(fill, images.device).view(3, 1, 1), images)


def _between(draws: Tensor, limits: tuple[float, float]) -> Tensor:
    low, high = limits
    return low + (draws + 1) / 2 * (high - low)
