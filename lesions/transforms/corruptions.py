"""Images as a worse camera, another light or darker skin would give them, to see what a network then loses.

Everything is decided by the condition and by the image's row in the cache: an image is altered alike for every network
and in batches of any size. Random directions and hairs are drawn once per image, so that a stronger condition does more
of the same.
"""

from collections.abc import Callable
from functools import cache
from io import BytesIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lesions.hardware.device import to_device_constants
from lesions.transforms.artefacts import blur_images, draw_hairs, draw_over_hairs
from lesions.transforms.augmentation import LUMA
from lesions.transforms.conditions import AMOUNTS, Condition, Corruption
from lesions.transforms.lab import from_lab, to_lab
from lesions.transforms.preprocessing import Preprocessing

SEED = 0

LIGHT_SKIN = (77.63, 3.52, 23.18)
"""L*, a* and b* of skin with an individual typology angle of 50°."""

DARKER_SKIN = {
    41.0: (71.06, 4.77, 24.22),
    28.0: (63.52, 6.20, 25.42),
    10.0: (54.68, 7.95, 26.52),
    -10.0: (46.07, 11.04, 22.30),
    -30.0: (39.27, 12.15, 18.58),
}
"""L*, a* and b* of darker skin by its individual typology angle, atan((L* - 50) / b*).

The angles are the bounds of the classes light, intermediate, tan and brown (Chardon et al. 1991), and -10°. The colours
lie on the line from tone 5 to tone 8 of the Monk Skin Tone scale (Monk 2023, doi 10.31235/osf.io/pdf4c), which that
scale gives in sRGB.
"""


def corrupt_images(pixels: Tensor, rows: NDArray[np.int64], condition: Condition) -> Tensor:
    """Return altered images; at strength 0 they are the same.

    Parameters
    ----------
    pixels : (B, H, W, 3) uint8
    rows : (B,)
        The rows of the images in the cache.
    condition
        What they are altered by.

    Returns
    -------
    (B, H, W, 3) uint8
        As a camera or a program would store them.
    """
    if condition.strength == 0:
        return pixels
    if condition.corruption == "jpeg":
        return compress(pixels, int(condition.amount))
    images = pixels.permute(0, 3, 1, 2).float() / 255
    altered = ALTER[condition.corruption](images, rows, condition.amount)
    return (altered.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def compress(pixels: Tensor, quality: int) -> Tensor:
    """Return images (B, H, W, 3) uint8 as Pillow reads them after it has saved them as JPEG."""
    decoded = []
    for image in pixels.cpu().numpy():
        file = BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality)
        decoded.append(np.array(Image.open(file)))
    return torch.from_numpy(np.stack(decoded)).to(pixels.device)


def blur(images: Tensor, percent: float) -> Tensor:
    """Blur images (B, 3, H, W) with a Gaussian whose standard deviation is a percentage of their side."""
    sigma = percent / 100 * images.shape[-1]
    return blur_images(images, images.new_full((len(images),), sigma), max_sigma=sigma)


def change_light(images: Tensor, factor: float) -> Tensor:
    """Multiply the pixels of images (B, 3, H, W)."""
    return images * factor


def change_white_balance(images: Tensor, sides: Tensor, gain: float) -> Tensor:
    """Make images (B, 3, H, W) warmer, red times the gain and blue divided by it, or cooler where a side (B,) is -1."""
    gains = gain ** (sides[:, None] * to_device_constants((1.0, 0.0, -1.0), images.device))
    return images * gains[:, :, None, None]


def lower_contrast(images: Tensor, factor: float) -> Tensor:
    """Multiply the distance of the pixels (B, 3, H, W) from the mean grey of their image."""
    grey = images.mean(dim=(2, 3)) @ to_device_constants(LUMA, images.device)
    return grey[:, None, None, None] + factor * (images - grey[:, None, None, None])


def rotate(images: Tensor, sides: Tensor, degrees: float) -> Tensor:
    """Rotate square images (B, 3, H, H), to the other side where a side (B,) is -1; edges are continued by reflection."""
    angles = torch.deg2rad(sides * degrees)
    cos, sin, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    affine = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).view(-1, 2, 3)
    return Preprocessing(images.shape[-1]).warp(images, affine)


def darken_skin(images: Tensor, tone: tuple[float, float, float]) -> Tensor:
    """Change images (B, 3, H, W) as `LIGHT_SKIN` has to be changed to get the L*, a* and b* of a darker tone.

    L* is multiplied, so that black stays black and nothing becomes darker than that; a* and b* are shifted by as much
    of the difference as a pixel is light.
    """
    light, dark = (to_device_constants(colour, images.device) for colour in (LIGHT_SKIN, tone))
    lightness, colours = to_lab(images).split((1, 2), dim=1)
    share = lightness / light[0]
    return from_lab(torch.cat([share * dark[0], colours + share * (dark - light)[1:, None, None]], dim=1))


def draw_sides(rows: NDArray[np.int64], device: torch.device) -> Tensor:
    """Draw 1 or -1 for each image, (B,)."""
    draws = _draw_by_row(int(rows.max()) + 1)[0][rows]
    return torch.from_numpy(draws).to(device)


def add_hairs(images: Tensor, rows: NDArray[np.int64], number: float) -> Tensor:
    """Draw the first hairs of each image over images (B, 3, H, W)."""
    hairs = torch.from_numpy(_draw_by_row(int(rows.max()) + 1)[1][rows]).to(images.device)
    return draw_over_hairs(images, hairs, images.new_full((len(images),), number))
