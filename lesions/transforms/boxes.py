"""Masks of the pixels that a box covers."""

from torch import Tensor

from lesions.transforms.preprocessing import pixel_centres


def mask_boxes(centres_x: Tensor, centres_y: Tensor, half_sides: Tensor, *, size: tuple[int, int]) -> Tensor:
    """Return a mask (B, H, W) that is true inside the square box of each image.

    Parameters
    ----------
    centres_x, centres_y, half_sides : (B,)
        The boxes, in the coordinates of `pixel_centres`; they are clipped at the image's edge.
    size
        H and W.
    """
    rows, columns = (
        (pixel_centres(length, centres.device) - centres[:, None]).abs() < half_sides[:, None]
        for centres, length in zip((centres_y, centres_x), size, strict=True)
    )
    return rows[:, :, None] & columns[:, None, :]
