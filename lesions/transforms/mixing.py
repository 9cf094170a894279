"""Mixing each training image with another one."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.transforms.boxes import mask_boxes

MIXING_DRAWS = ("mixup_share", "cutmix_share", "centre_x", "centre_y", "choice")
"""The random numbers per image, from 0 to 1, in the order of the columns of `draw_mixing`."""


def draw_mixing(
    num_images: int, *, mixup_alpha: float, cutmix_alpha: float, seed: int, epoch: int
) -> NDArray[np.float32]:
    """Draw the random numbers that mix each image of an epoch: shares from Beta(alpha, alpha), the others uniform.

    Returns
    -------
    (N, len(MIXING_DRAWS)) float32
    """
    generator = np.random.default_rng([seed, epoch, 2])
    shares = [generator.beta(alpha or 1, alpha or 1, num_images) for alpha in (mixup_alpha, cutmix_alpha)]
    return np.column_stack([*shares, generator.uniform(size=(num_images, 3))]).astype(np.float32)


def mix_images(
    images: Tensor, targets: Tensor, draws: Tensor, *, mixup_alpha: float, cutmix_alpha: float
) -> tuple[Tensor, Tensor]:
    """Mix image i of a batch with image B - 1 - i, and their targets in the same shares.

    Mixup blends the two images (Zhang et al. 2018, arXiv:1710.09412); cutmix pastes a rectangle of one into the other
    (Yun et al. 2019, arXiv:1905.04899). If both have an alpha above 0, each image gets one of them at random.

    Parameters
    ----------
    images : (B, C, H, W)
    targets : (B, K)
    draws : (B, len(MIXING_DRAWS))
    """
    drawn = dict(zip(MIXING_DRAWS, draws.unbind(dim=1), strict=True))
    mixup_share = drawn["mixup_share"][:, None, None]
    # The square has an area of 1 - share of the image, whose side is 2 units long.
    half_sides = (1 - drawn["cutmix_share"]).sqrt()
    centres_x, centres_y = 2 * drawn["centre_x"] - 1, 2 * drawn["centre_y"] - 1
    outside = (~mask_boxes(centres_x, centres_y, half_sides, size=(images.shape[-2], images.shape[-1]))).float()
    if mixup_alpha and cutmix_alpha:
        own = torch.where(drawn["choice"][:, None, None] < 0.5, mixup_share, outside)
    else:
        own = mixup_share.expand_as(outside) if mixup_alpha else outside
    share = own.mean(dim=(1, 2))[:, None]
    own = own[:, None]
    return own * images + (1 - own) * images.flip(0), share * targets + (1 - share) * targets.flip(0)
