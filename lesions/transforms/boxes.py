"""Which pixels of an image a box covers."""

from torch import Tensor

from lesions.transforms.preprocessing import pixel_centres


def mask_boxes(centres_x: Tensor, centres_y: Tensor, half_sides: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (B, H, W), true inside a square box of each image, in the positions of `pixel_centres`.

    Parameters
    ----------
    centres_x, centres_y, half_sides : (B,)
        What of a box lies beyond the edge is cut.
    size
        H and W.
    """
    rows, columns = (
        (pixel_centres(length, centres.device) - centres[:, None]).abs() < half_sides[:, None]
        for centres, length in zip((centres_y, centres_x), size, strict=True)
    )
    return rows[:, :, None] & columns[:, None, :]
