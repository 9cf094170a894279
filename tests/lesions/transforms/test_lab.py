"""sRGB and CIELAB, against published values."""

import pytest
import torch

from lesions.transforms.lab import from_lab, to_lab

PUBLISHED = {
    (0, 0, 0): (0, 0, 0),
    (255, 255, 255): (100, 0, 0),
    (255, 0, 0): (53.24, 80.09, 67.20),
    (0, 255, 0): (87.73, -86.18, 83.18),
    (0, 0, 255): (32.30, 79.19, -107.86),
    # Tones 5 and 8 of the Monk Skin Tone scale.
    (215, 189, 150): (77.902, 3.471, 23.136),
    (96, 65, 52): (30.678, 11.667, 13.335),
}


@pytest.mark.parametrize(("rgb", "lab"), PUBLISHED.items())
def test_colours_have_their_published_coordinates(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    pixel = torch.tensor(rgb).view(1, 3, 1, 1) / 255
    assert to_lab(pixel).ravel().tolist() == pytest.approx(lab, abs=0.02)
    expected = torch.tensor(lab, dtype=torch.float32).view(1, 3, 1, 1)
    assert (from_lab(expected) * 255).ravel().tolist() == pytest.approx(rgb, abs=0.2)


def test_grey_is_worked_by_hand() -> None:
    """Of sRGB 0.5 the light is ((0.5 + 0.055) / 1.055)^2.4 = 0.214041, and L* is 116 * 0.214041^(1/3) - 16."""
    lightness, a, b = to_lab(torch.full((1, 3, 1, 1), 0.5)).ravel().tolist()
    assert lightness == pytest.approx(116 * 0.214041 ** (1 / 3) - 16, abs=1e-3)
    assert (a, b) == pytest.approx((0, 0), abs=1e-3)


def test_every_colour_comes_back() -> None:
    images = torch.rand(4, 3, 30, 30, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(from_lab(to_lab(images)), images, rtol=0, atol=1e-5)


def test_what_no_screen_shows_is_clipped() -> None:
    shown = from_lab(torch.tensor([[200.0, 0, 0], [50, 150, 0], [0, 50, 0]]).view(3, 3, 1, 1))
    assert shown.min() >= 0 and shown.max() <= 1 and shown.isfinite().all()
