"""Preprocessing: from cached pixels to the inputs of a network."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lesions.hardware.device import to_device_constants

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

MAX_SUBSAMPLING = 1.5
"""Bilinear sampling with a stride of more pixels than this would alias."""


@dataclass(frozen=True)
class Preprocessing:
    """The size and normalisation of a network's input images.

    Attributes
    ----------
    size_px
        The side of the square images.
    mean, std
        The mean and standard deviation of each channel, for pixels from 0 to 1.
    """

    size_px: int
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    def prepare(self, pixels: Tensor) -> Tensor:
        """Convert pixels (B, H, W, 3) uint8 to (B, 3, H, W) float from 0 to 1, with H of at least `size_px`.

        Images that are too large for bilinear sampling are shrunk to `size_px`.
        """
        batch = pixels.permute(0, 3, 1, 2).float().div_(255)  # (B, 3, H, W)
        if batch.shape[-1] > MAX_SUBSAMPLING * self.size_px:
            batch = F.interpolate(batch, size=(self.size_px,) * 2, mode="bilinear", antialias=True)
        return batch

    def resize(self, batch: Tensor) -> Tensor:
        """Resize images (B, 3, H, W) to (B, 3, size_px, size_px) with the same sampling as `warp`."""
        identity = torch.eye(2, 3, device=batch.device).expand(len(batch), 2, 3)
        return self.warp(batch, identity)

    def warp(self, batch: Tensor, affine: Tensor) -> Tensor:
        """Sample images at positions that an affine map transforms.

        Parameters
        ----------
        batch : (B, 3, H, W)
        affine : (B, 2, 3)
            The maps from positions in the output to positions in the input, both from -1 to 1.

        Returns
        -------
        (B, 3, size_px, size_px)
            Beyond its edges an image is continued by reflection.
        """
        side = self.size_px
        line = pixel_centres(side, batch.device)
        x, y = line.expand(side, side), line[:, None].expand(side, side)
        # The same as torch's affine_grid, which would compute the positions again for each image of the batch.
        positions = torch.stack([x, y, torch.ones_like(x)], dim=-1).view(-1, 3)
        grid = (positions @ affine.transpose(1, 2)).view(-1, side, side, 2)
        return F.grid_sample(batch, grid, padding_mode="reflection", align_corners=False)

    def normalise(self, batch: Tensor) -> Tensor:
        """Subtract the mean and divide by the standard deviation of each channel."""
        mean, std = (to_device_constants(values, batch.device).view(3, 1, 1) for values in (self.mean, self.std))
        return batch.sub(mean).div_(std)


def pixel_centres(length: int, device: torch.device) -> Tensor:
    """Return the centre of each pixel along one axis, (length,), where the edges of the image are -1 and 1."""
    return torch.linspace(-1, 1, length, device=device) * (length - 1) / length
