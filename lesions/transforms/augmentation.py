"""Random changes of training images, computed per batch on the device."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.hardware.device import to_device_constants
from lesions.transforms.artefacts import blur_images, cut_out_squares, draw_over_hairs
from lesions.transforms.parameters import AugmentationParameters
from lesions.transforms.preprocessing import Preprocessing

DRAWS = (
    "mirror", "angle", "zoom", "shift_x", "shift_y", "brightness", "contrast", "saturation", "hue", "red", "green",
    "blue", "hairs", "blur", "cutout", "cutout_x", "cutout_y"
)  # fmt: skip
"""The random numbers per image, in the order of the columns of `draw_changes`."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""

CHROMA = ((0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))
"""Weights of red, green and blue in the two colour axes in which hue rotates (I and Q of NTSC)."""

TO_AXES = (LUMA, *CHROMA)
FROM_AXES = tuple(map(tuple, np.linalg.inv(TO_AXES).tolist()))


def compute_strengths(num_images: tuple[int, ...], parameters: AugmentationParameters) -> NDArray[np.float32]:
    """Compute the augmentation strength of each class from its number of training images, (K,) float32."""
    log_rarity = np.log(max(num_images)) - np.log(num_images)
    rarity = log_rarity / log_rarity.max() if log_rarity.max() > 0 else log_rarity
    strengths = parameters.common_strength + rarity * (parameters.rare_strength - parameters.common_strength)
    return strengths.astype(np.float32)


def draw_changes(num_images: int, *, seed: int, epoch: int) -> NDArray[np.float32]:
    """Draw the random numbers, from -1 to 1, for every image that an epoch shows.

    The changes of an image therefore depend only on the seed, the epoch and its position in the epoch, not on the
    batch size, the device or earlier draws.

    Returns
    -------
    (N, len(DRAWS)) float32
    """
    return np.random.default_rng([seed, epoch]).uniform(-1, 1, (num_images, len(DRAWS))).astype(np.float32)


def augment_images(
    batch: Tensor,
    draws: Tensor,
    *,
    crops: Tensor,
    hairs: Tensor,
    strengths: Tensor,
    parameters: AugmentationParameters,
    preprocessing: Preprocessing,
) -> Tensor:
    """Augment images: one resampling changes the geometry, one matrix product the colours; then artefacts are added.

    Parameters
    ----------
    batch : (B, 3, H, W), from 0 to 1
    draws : (B, len(DRAWS)), from -1 to 1
    crops : (B, 4)
        As from `draw_crops`.
    hairs : (B, M, len(HAIR_DRAWS)), from -1 to 1
    strengths : (B,)

    Returns
    -------
    (B, 3, size_px, size_px), from 0 to 1
    """
    drawn = dict(zip(DRAWS, draws.unbind(dim=1), strict=True))  # (B,) each
    warped = preprocessing.warp(batch, build_affine(drawn, crops, strengths, parameters))
    matrix, offset = build_colour_change(warped.mean(dim=(2, 3)), drawn, strengths=strengths, parameters=parameters)
    pixels = warped.flatten(2)  # (B, 3, H W)
    changed = torch.baddbmm(offset, matrix, pixels).clamp_(0, 1).view_as(warped)
    return add_artefacts(
        changed, drawn, hairs=hairs, strengths=strengths, parameters=parameters, preprocessing=preprocessing
    )


def add_artefacts(
    images: Tensor,
    drawn: dict[str, Tensor],
    *,
    hairs: Tensor,
    strengths: Tensor,
    parameters: AugmentationParameters,
    preprocessing: Preprocessing,
) -> Tensor:
    """Draw hairs over images, blur them, and cut squares out, each by a random amount from 0 to the largest."""

    def amount(name: str, largest: float) -> Tensor:
        return (drawn[name] + 1) / 2 * largest * strengths

    if parameters.hairs:
        # Each number of hairs, from 0 to all of them, is equally likely.
        counts = ((drawn["hairs"] + 1) / 2 * (parameters.hairs * strengths + 1)).floor()
        images = draw_over_hairs(images, hairs, counts)
    if parameters.blur:
        largest = parameters.blur * preprocessing.size_px
        images = blur_images(images, amount("blur", largest), max_sigma=largest * parameters.max_strength)
    if parameters.cutout:
        centres = torch.stack([drawn["cutout_x"], drawn["cutout_y"]], dim=1)
        images = cut_out_squares(images, centres, amount("cutout", parameters.cutout), fill=preprocessing.mean)
    return images


def build_affine(
    drawn: dict[str, Tensor], crops: Tensor, strengths: Tensor, parameters: AugmentationParameters
) -> Tensor:
    """Return the affine maps, (B, 2, 3), from positions in the output to positions in the input.

    An image is cropped first; the other changes are those of the crop. Mirroring and rotation do not grow with the
    strength, because a lesion has no upright orientation, and neither does the crop, whose range is its strength.
    """
    centre_x, centre_y, width, height = crops.unbind(dim=1)
    angle = torch.deg2rad(drawn["angle"] * parameters.rotation_degrees)
    # With zoom z, the output shows 1 - z of the input's side at a draw of 1, and 1 + z at a draw of -1.
    scale = 1 - (drawn["zoom"] * parameters.zoom * strengths).clamp(-0.9, 0.9)
    # The sign and the size of a draw are independent of each other.
    flip_x = torch.where((drawn["mirror"] > 0) & (parameters.mirror in ("horizontal", "both")), -1.0, 1.0)
    flip_y = torch.where((drawn["mirror"].abs() > 0.5) & (parameters.mirror in ("vertical", "both")), -1.0, 1.0)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    # One unit of the output's coordinates is half its side.
    shift_x = 2 * drawn["shift_x"] * parameters.shift * strengths
    shift_y = 2 * drawn["shift_y"] * parameters.shift * strengths
    rows = [
        torch.stack([width * flip_x * cos, -width * flip_y * sin, centre_x + width * shift_x], dim=1),
        torch.stack([height * flip_x * sin, height * flip_y * cos, centre_y + height * shift_y], dim=1),
    ]
    return torch.stack(rows, dim=1)


def build_colour_change(
    means: Tensor, drawn: dict[str, Tensor], *, strengths: Tensor, parameters: AugmentationParameters
) -> tuple[Tensor, Tensor]:
    """Return the matrix (B, 3, 3) and the offset (B, 3, 1) that change each pixel's colour.

    They apply in this order: a gain per channel (colour cast and brightness), saturation and hue relative to the
    pixel's grey, and contrast relative to the image's mean grey.

    Parameters
    ----------
    means : (B, 3)
        The mean of each channel of each image.
    """

    def factor(name: str, largest: float) -> Tensor:
        return 1 + (drawn[name] * largest * strengths).clamp(-0.9, 0.9)

    luma = to_device_constants(LUMA, means.device)
    cast = torch.stack([factor(name, parameters.colour_cast) for name in ("red", "green", "blue")], dim=1)
    gain = cast * factor("brightness", parameters.brightness)[:, None]
    saturation = factor("saturation", parameters.saturation)[:, None, None]
    contrast = factor("contrast", parameters.contrast)[:, None, None]
    mix = saturation * torch.eye(3, device=means.device) + (1 - saturation) * luma
    turn = build_hue_turn(torch.deg2rad(drawn["hue"] * parameters.hue_degrees * strengths))
    matrix = contrast * mix @ turn * gain[:, None, :]
    mean_grey = (means * gain) @ luma
    return matrix, ((1 - contrast) * mean_grey[:, None, None]).expand(-1, 3, 1)


def build_hue_turn(angles: Tensor) -> Tensor:
    """Return matrices (B, 3, 3) that rotate the hue by angles (B,) and keep each pixel's grey."""
    to_axes, from_axes = to_device_constants(TO_AXES, angles.device), to_device_constants(FROM_AXES, angles.device)
    cos, sin, one, zero = angles.cos(), angles.sin(), torch.ones_like(angles), torch.zeros_like(angles)
    turn = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], dim=1).view(-1, 3, 3)
    return from_axes @ turn @ to_axes
