"""Random crops have the areas, aspects and places of torchvision's."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from torchvision.transforms.v2 import RandomResizedCrop

from lesions.transforms.crops import Range, draw_crops

N, SIDE = 4000, 1000


def draw(area: Range | None, aspect: Range | None, *, seed: int = 0, epoch: int = 1) -> NDArray[np.float32]:
    return draw_crops(N, area=area, aspect=aspect, seed=seed, epoch=epoch)


def torchvisions(area: Range, aspect: Range) -> NDArray[np.float64]:
    """The same of torchvision: the centres from -1 to 1, and the sides as fractions of the image's."""
    torch.manual_seed(0)
    crop = RandomResizedCrop(8, scale=area, ratio=aspect)
    drawn = [crop.make_params([torch.empty(3, SIDE, SIDE)]) for _ in range(N)]
    top, left, height, width = (np.array([each[key] for each in drawn]) for key in ("top", "left", "height", "width"))
    return np.stack([2 * left + width - SIDE, 2 * top + height - SIDE, width, height], axis=1) / SIDE


@pytest.mark.parametrize(
    ("area", "aspect"), [((0.08, 1.0), (3 / 4, 4 / 3)), ((0.5, 0.9), (0.5, 2.0)), ((0.8, 1.0), (1.0, 1.0))]
)
def test_crops_are_distributed_as_torchvisions(area: Range, aspect: Range) -> None:
    ours, theirs = draw(area, aspect), torchvisions(area, aspect)
    for column in range(4):
        assert stats.ks_2samp(ours[:, column], theirs[:, column]).pvalue > 1e-3


def test_every_crop_lies_in_the_image_and_within_its_limits() -> None:
    crops = draw((0.3, 0.8), (0.75, 1.5)).astype(float)
    centres, sides = crops[:, :2], crops[:, 2:]
    assert (np.abs(centres) + sides).max() <= 1 + 1e-6
    assert 0.3 - 1e-6 <= sides.prod(axis=1).min() < 0.31 < 0.79 < sides.prod(axis=1).max() <= 0.8 + 1e-6
    aspects = sides[:, 0] / sides[:, 1]
    assert 0.75 - 1e-6 <= aspects.min() < 0.76 < 1.48 < aspects.max() <= 1.5 + 1e-6


@pytest.mark.parametrize(("aspect", "sides"), [((2.0, 4.0), (1, 0.5)), ((0.25, 0.5), (0.5, 1)), ((0.9, 1.1), (1, 1))])
def test_where_nothing_fits_the_largest_central_part_is_taken(aspect: Range, sides: tuple[float, float]) -> None:
    crops = draw((0.999999, 1.0), aspect)
    np.testing.assert_allclose(np.median(crops, axis=0), [0, 0, *sides], atol=1e-3)


def test_without_an_area_the_whole_image_is_taken() -> None:
    np.testing.assert_array_equal(draw(None, None), np.tile([0, 0, 1, 1], (N, 1)))


def test_crops_depend_on_seed_and_epoch() -> None:
    area, aspect = (0.3, 0.8), (0.75, 1.5)
    np.testing.assert_array_equal(draw(area, aspect), draw(area, aspect))
    for seed, epoch in ((1, 1), (0, 2)):
        assert (draw(area, aspect) != draw(area, aspect, seed=seed, epoch=epoch)).mean() > 0.99
