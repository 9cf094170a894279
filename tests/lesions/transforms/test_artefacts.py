"""Hairs, blur and squares cut out, against values worked by hand and scipy's."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from lesions.transforms.artefacts import (
    HAIR_DARKNESS,
    HAIR_DRAWS,
    HAIR_LENGTH,
    HAIR_WIDTH,
    blur_images,
    cut_out_squares,
    draw_hairs,
    draw_over_hairs,
)

WHITE = torch.ones(1, 3, 200, 200)


def hair(**values: float) -> torch.Tensor:
    return torch.tensor([[[values.get(name, 0.0) for name in HAIR_DRAWS]]])


def draw_one(**values: float) -> torch.Tensor:
    """What is left of the light where one hair crosses a white image."""
    return draw_over_hairs(WHITE, hair(**values), torch.tensor([1]))[0, 0]


def test_a_hair_has_the_drawn_length_width_and_darkness() -> None:
    light = draw_one(darkness=1, width=1, length=1)
    # The longest hair is 2 units long, the whole side: 200 px; the widest 0.03 units, 3 px.
    assert light.min().item() == pytest.approx(1 - HAIR_DARKNESS[1])
    area = (1 - light).sum().item() / HAIR_DARKNESS[1]
    assert area == pytest.approx(HAIR_LENGTH[1] * HAIR_WIDTH[1] * 100**2, rel=0.02)
    assert (light[:98] == 1).all() and (light[102:] == 1).all()


def test_a_hair_can_be_moved_rotated_and_bent() -> None:
    def centre(**values: float) -> tuple[float, float]:
        dark = 1 - draw_one(width=1, **values)
        rows, columns = torch.meshgrid(torch.arange(200.0), torch.arange(200.0), indexing="ij")
        return (dark * rows).sum().item() / dark.sum().item(), (dark * columns).sum().item() / dark.sum().item()

    # 0.4 units are 40 px, from the middle at 99.5.
    assert centre(x=0.4, length=-1) == pytest.approx((99.5, 139.5), abs=0.1)
    assert centre(y=-0.4, length=-1) == pytest.approx((59.5, 99.5), abs=0.1)
    upright = draw_one(angle=0.5, width=1)
    torch.testing.assert_close(upright, draw_one(width=1).T, rtol=0, atol=1e-4)
    assert centre(bend=1)[0] > 101


def test_an_image_gets_the_given_number_of_hairs() -> None:
    hairs = torch.cat([hair(y=-0.5), hair(y=0.5)], dim=1).expand(3, -1, -1)
    drawn = draw_over_hairs(WHITE.expand(3, -1, -1, -1), hairs, torch.tensor([0, 1, 2]))
    crossed = [[(half < 1).any().item() for half in image[0].chunk(2)] for image in drawn]
    assert crossed == [[False, False], [True, False], [True, True]]


def test_each_epoch_draws_different_hairs() -> None:
    first = draw_hairs(100, 3, seed=0, epoch=1)
    assert first.shape == (100, 3, len(HAIR_DRAWS))
    np.testing.assert_array_equal(first, draw_hairs(100, 3, seed=0, epoch=1))
    assert (first != draw_hairs(100, 3, seed=0, epoch=2)).mean() > 0.99


def test_the_blur_equals_scipys_gaussian_filter() -> None:
    images = torch.from_numpy(np.random.default_rng(0).uniform(size=(3, 3, 32, 32)).astype(np.float32))
    sigmas = [0.0, 0.7, 2.0]
    found = blur_images(images, torch.tensor(sigmas), max_sigma=2.0)
    for image, blurred, sigma in zip(images.numpy(), found.numpy(), sigmas, strict=True):
        expected = np.stack([gaussian_filter(plane, sigma, mode="mirror", radius=6) for plane in image])
        np.testing.assert_allclose(blurred, expected if sigma else image, atol=1e-5)


def test_a_square_is_cut_out_at_the_given_position() -> None:
    images = torch.ones(2, 3, 10, 10)
    centres = torch.tensor([[0.0, 0.0], [-1.0, 1.0]])
    found = cut_out_squares(images, centres, torch.tensor([0.4, 0.6]), fill=(0.2, 0.3, 0.4))
    expected = images.clone()
    fill = torch.tensor([0.2, 0.3, 0.4]).view(3, 1, 1)
    expected[0, :, 3:7, 3:7] = fill
    expected[1, :, 7:, :3] = fill  # left below, where three quarters of it are beyond the edge
    torch.testing.assert_close(found, expected)
