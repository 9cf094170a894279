"""Images as a worse camera, another light or darker skin would give them, to see what a network then loses.

The condition and the image's row in the cache decide everything: an image is altered alike for every network and in
batches of any size. Its random side and its hairs are the same at all strengths, so a stronger condition does more of
the same.
"""

from io import BytesIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lesions.hardware.device import to_device_constants
from lesions.transforms.artefacts import blur_images, draw_hairs, draw_over_hairs
from lesions.transforms.augmentation import LUMA
from lesions.transforms.conditions import AMOUNTS, Condition
from lesions.transforms.lab import from_lab, to_lab
from lesions.transforms.preprocessing import Preprocessing

SEED = 0

MOST_HAIRS = int(max(AMOUNTS["hairs"]))

LIGHT_SKIN = (77.63, 9.56, 23.18)
"""L*, a* and b* of skin with an individual typology angle of 50°."""

DARKER_SKIN = {
    41.0: (71.06, 9.56, 24.22),
    28.0: (63.52, 9.56, 25.42),
    10.0: (54.68, 9.56, 26.52),
    -10.0: (46.07, 9.56, 22.30),
    -30.0: (39.27, 9.56, 18.58),
}
"""L*, a* and b* of darker skin by its individual typology angle, atan((L* - 50) / b*).

The angles are the bounds of the classes light, intermediate, tan and brown (Chardon et al. 1991, Int J Cosmet Sci
13:191), and -10°. L* and b* lie on the line from tone 5 to tone 8 of the Monk Skin Tone scale (Monk 2023, doi
10.31235/osf.io/pdf4c), whose tones are given in sRGB. a* is the mean of 600 people (Han, Choi and Son 2006, Skin Res
Technol 12:170) at every tone, because measured redness hardly differs between groups of people whose skin is lighter
and darker (Xiao et al. 2017, doi 10.1111/srt.12295).
"""


def corrupt_images(pixels: Tensor, rows: NDArray[np.int64], condition: Condition) -> Tensor:
    """Return altered images, in uint8 as a camera or a program would store them.

    Parameters
    ----------
    pixels : (B, H, H, 3) uint8
    rows : (B,)
        The rows of the images in the cache.
    condition
        What they are altered by.

    Returns
    -------
    (B, H, H, 3) uint8
    """
    if condition.corruption == "jpeg":
        return compress(pixels, int(condition.amount))
    images = pixels.permute(0, 3, 1, 2).float() / 255
    altered = _alter(images, rows, condition).clamp(0, 1)
    return (altered * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _alter(images: Tensor, rows: NDArray[np.int64], condition: Condition) -> Tensor:
    amount = condition.amount
    match condition.corruption:
        case "blur":
            return blur(images, amount)
        case "darker" | "brighter":
            return images * amount
        case "white_balance":
            return change_white_balance(images, draw_sides(rows, images.device), amount)
        case "contrast":
            return change_contrast(images, amount)
        case "rotation":
            return rotate(images, draw_sides(rows, images.device), amount)
        case "hairs":
            return add_hairs(images, rows, int(amount))
        case "skin_tone":
            return darken_skin(images, DARKER_SKIN[amount])
        case _:
            raise ValueError(f"no such corruption of floats: {condition.corruption}")


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


def change_white_balance(images: Tensor, sides: Tensor, gain: float) -> Tensor:
    """Multiply red by the gain and divide blue by it, or the reverse where the side (B,) of an image is -1."""
    gains = gain ** (sides[:, None] * to_device_constants((1.0, 0.0, -1.0), images.device))
    return images * gains[:, :, None, None]


def change_contrast(images: Tensor, factor: float) -> Tensor:
    """Multiply the distance of the pixels (B, 3, H, W) from the mean grey of their image."""
    grey = images.mean(dim=(2, 3)) @ to_device_constants(LUMA, images.device)
    return grey[:, None, None, None] + factor * (images - grey[:, None, None, None])


def rotate(images: Tensor, sides: Tensor, degrees: float) -> Tensor:
    """Rotate square images (B, 3, H, H) to their side (B,), 1 or -1; beyond its edges an image is reflected."""
    angles = torch.deg2rad(sides * degrees)
    cos, sin, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    affine = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).view(-1, 2, 3)
    return Preprocessing(images.shape[-1]).warp(images, affine)


def darken_skin(images: Tensor, tone: tuple[float, float, float]) -> Tensor:
    """Change images (B, 3, H, W) in CIELAB as `LIGHT_SKIN` has to be changed to become a darker tone.

    L*, a* and b* are multiplied by the ratio of the two L*, as if there were less light. Then a* and b* are shifted
    by what the darker tone has besides, in proportion to L*, so that black stays black.
    """
    light, dark = (to_device_constants(colour, images.device).view(3, 1, 1) for colour in (LIGHT_SKIN, tone))
    ratio = dark[0] / light[0]
    lab = to_lab(images)
    return from_lab(ratio * lab + lab[:, :1] / light[0] * (dark - ratio * light))


def add_hairs(images: Tensor, rows: NDArray[np.int64], number: int) -> Tensor:
    """Draw the first hairs of each image, whose row (B,) decides where they lie, over images (B, 3, H, W)."""
    hairs = draw_hairs(int(rows.max()) + 1, MOST_HAIRS, seed=SEED, epoch=0)[rows, :number]
    counts = images.new_full((len(images),), number)
    return draw_over_hairs(images, torch.from_numpy(hairs).to(images.device), counts)


def draw_sides(rows: NDArray[np.int64], device: torch.device) -> Tensor:
    """Draw 1 or -1 for each image (B,), whose row decides which."""
    draws = np.random.default_rng([SEED, 5]).uniform(-1, 1, int(rows.max()) + 1)[rows]
    return torch.from_numpy(np.sign(draws).astype(np.float32)).to(device)
