"""Where the pixels of an image lie, and which of them a box covers."""

import torch
from torch import Tensor


def place_pixels(length: int, device: torch.device) -> Tensor:
    """Return the middles of an axis's pixels, (length,), from -1 at its one end to 1 at the other."""
    return (2 * torch.arange(length, device=device) + 1) / length - 1


def mask_boxes(centres_x: Tensor, centres_y: Tensor, half_sides: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (B, H, W), true inside a square box of each image, in the positions of `place_pixels`.

    Parameters
    ----------
    centres_x, centres_y, half_sides : (B,)
        What of a box lies beyond the edge is cut.
    size
        H and W.
    """
    rows, columns = (
        (place_pixels(length, centres.device) - centres[:, None]).abs() < half_sides[:, None]
        for centres, length in zip((centres_y, centres_x), size, strict=True)
    )
    return rows[:, :, None] & columns[:, None, :]
