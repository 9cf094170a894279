"""Whether a map names the places that decide: what removing and inserting these places does to a probability.

The check is that of Petsiuk et al. 2018 (arXiv:1806.07421). What is removed is replaced by a blurred image, which has
the colours of the skin but no structure.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lesions.transforms.artefacts import blur_images

FRACTIONS = (0.1, 0.3, 0.6)
"""The shares of the image that are removed, or inserted, the places that the map names first."""

BLUR = 0.1
"""Standard deviation of the blur, as a fraction of the side."""


class Areas(NamedTuple):
    """The mean probability of the class, (B,) each, while the image is removed or inserted place by place.

    Attributes
    ----------
    deletion
        Lower if the map names first what decides.
    insertion
        Higher if it does.
    """

    deletion: Tensor
    insertion: Tensor


@torch.no_grad()
def measure_areas(network: nn.Module, images: Tensor, classes: Tensor, maps: Sequence[Tensor]) -> list[Areas]:
    """Remove and insert the places of images in the order of some maps, and return the areas for each map.

    Parameters
    ----------
    network
        Returns logits (B, K), in evaluation mode.
    images : (B, 3, S, S)
        Normalised.
    classes : (B,) int64
    maps : (B, h, w) each
        How much each place speaks for the class.
    """
    sigma = BLUR * images.shape[-1]
    blurred = blur_images(images, images.new_full((len(images),), sigma), max_sigma=sigma)

    def read(inputs: Tensor) -> Tensor:
        return torch.softmax(network(inputs), dim=1).gather(1, classes[:, None])[:, 0]

    whole, nothing = read(images), read(blurred)
    shares = torch.tensor([0.0, *FRACTIONS, 1.0])
    areas = []
    for each in maps:
        first = choose_first(each, images.shape[-1])
        deleted = [whole, *(read(torch.where(chosen, blurred, images)) for chosen in first), nothing]
        inserted = [nothing, *(read(torch.where(chosen, images, blurred)) for chosen in first), whole]
        areas.append(Areas(*(torch.trapezoid(torch.stack(p, dim=1), shares, dim=1) for p in (deleted, inserted))))
    return areas


def choose_first(maps: Tensor, side: int) -> list[Tensor]:
    """Return masks (B, 1, side, side) of the places that maps (B, h, w) name first, one for each of `FRACTIONS`."""
    enlarged = F.interpolate(maps[:, None], size=(side, side), mode="bilinear")[:, 0].flatten(1)
    # Equal places, as those that do not speak for the class at all, come in the order of reading.
    rank = enlarged.argsort(dim=1, descending=True, stable=True).argsort(dim=1).view(-1, 1, side, side)
    return [rank < fraction * side**2 for fraction in FRACTIONS]


def shuffle_maps(maps: Tensor, generator: torch.Generator) -> Tensor:
    """Return maps (B, h, w) with the same values at random places."""
    flat = maps.flatten(1)
    order = torch.rand(flat.shape, generator=generator).argsort(dim=1)
    return flat.gather(1, order).view_as(maps)


def measure_rim(maps: Tensor, side: int, fraction: float) -> Tensor:
    """Return the share (B,) of each map that lies on the rim of the image, a frame of a fraction of its side.

    Parameters
    ----------
    maps : (B, h, w)
    side
        The side of the image.
    """
    enlarged = F.interpolate(maps[:, None], size=(side, side), mode="bilinear")[:, 0]
    width = round(fraction * side)
    inside = enlarged[:, width : side - width, width : side - width].sum(dim=(1, 2))
    total = enlarged.sum(dim=(1, 2))
    return torch.where(total > 0, 1 - inside / total.clamp(min=torch.finfo(total.dtype).tiny), torch.nan)
