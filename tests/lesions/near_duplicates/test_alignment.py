"""Tests that images of the same picture correlate after small movements, and merely similar images do not."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter

from lesions.near_duplicates.agreement import MIN_AGREEMENT, compare_at_every_step
from lesions.near_duplicates.alignment import COMPARED_PX, correlate_images, extract_details
from lesions.near_duplicates.fingerprints import measure_spectra
from lesions.near_duplicates.orientation import NUM_ORIENTATIONS, turn_images

UPRIGHT = np.array([0])


def skin(seed: int, size: int = COMPARED_PX, darkness: float = 110) -> NDArray[np.uint8]:
    """Return an image (1, S, S) with structure at every scale and a dark mole in the middle."""
    noise = np.random.default_rng(seed).normal(size=(size, size))
    texture = sum(12 * field / field.std() for field in (gaussian_filter(noise, sigma) for sigma in (1, 2, 5)))
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    mole = darkness * (np.hypot(y, x) < size / 5)
    return (170 + texture - mole).clip(0, 255).astype(np.uint8)[None]


def moved(image: NDArray[np.uint8], *, degrees: float = 0, scale: float = 1, shift: float = 0) -> NDArray[np.uint8]:
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    matrix = np.array([[c, s], [-s, c]])
    centre = (COMPARED_PX - 1) / 2
    offset = centre - matrix @ [centre, centre] + shift
    return affine_transform(image[0].astype(float), matrix, offset, order=1).clip(0, 255).astype(np.uint8)[None]


def test_an_image_correlates_with_itself() -> None:
    assert correlate_images(skin(0), skin(0), UPRIGHT)[0] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("orientation", range(NUM_ORIENTATIONS))
def test_the_first_image_is_turned_by_the_given_orientation(orientation: int) -> None:
    turned = turn_images(skin(0), orientation)
    assert correlate_images(skin(0), turned, np.array([orientation]))[0] == pytest.approx(1, abs=1e-4)
    assert correlate_images(skin(0), turned, np.array([(orientation + 1) % 8]))[0] < 0.5


@pytest.mark.parametrize(
    "movement",
    [{"degrees": 7}, {"degrees": -7}, {"scale": 0.9}, {"scale": 1.1}, {"shift": 4}, {"degrees": 5, "scale": 0.95}],
    ids=str,
)
def test_small_movements_are_aligned(movement: dict[str, float]) -> None:
    assert correlate_images(skin(1), moved(skin(1), **movement), UPRIGHT)[0] > 0.75


@pytest.mark.parametrize("movement", [{"degrees": 20}, {"scale": 1.4}, {"shift": 12}], ids=str)
def test_large_movements_are_not_aligned(movement: dict[str, float]) -> None:
    assert correlate_images(skin(1), moved(skin(1), **movement), UPRIGHT)[0] < 0.6


def test_two_dark_moles_of_the_same_shape_do_not_correlate() -> None:
    pairs = [correlate_images(skin(seed), skin(seed + 1), UPRIGHT)[0] for seed in range(10, 30, 2)]
    assert max(pairs) < 0.6
    # Their coarse forms do correlate.
    coarse = [gaussian_filter(skin(seed)[0].astype(float), 4).ravel() for seed in range(10, 30)]
    assert min(np.corrcoef(coarse)[0]) > 0.6


@settings(deadline=None)
@given(
    seed=st.integers(0, 1000),
    degrees=st.floats(-9, 9),
    scale=st.floats(0.87, 1.13),
    shift=st.floats(-4, 4),
    noise=st.floats(0, 60),
)
@example(seed=0, degrees=5.0, scale=1.0, shift=0.0, noise=0.0)
@example(seed=0, degrees=-3.0, scale=0.92, shift=0.0, noise=0.0)
def test_where_details_correlate_spectra_agree(
    seed: int, degrees: float, scale: float, shift: float, noise: float
) -> None:
    grain = np.random.default_rng(seed + 1).normal(scale=noise, size=(1, COMPARED_PX, COMPARED_PX))
    copy = (moved(skin(seed), degrees=degrees, scale=scale, shift=shift) + grain).clip(0, 255).astype(np.uint8)
    first, second = (measure_spectra(extract_details(image)) for image in (skin(seed), copy))
    agreement = compare_at_every_step(first, second)[0]
    correlation = correlate_images(skin(seed), copy, UPRIGHT)[0]
    assert agreement >= MIN_AGREEMENT or correlation < 0.7


def test_light_and_contrast_change_the_correlation_little() -> None:
    darker = (0.7 * skin(2)).astype(np.uint8)
    assert correlate_images(skin(2), darker, UPRIGHT)[0] > 0.97


def test_plain_images_do_not_correlate() -> None:
    plain = np.full((1, COMPARED_PX, COMPARED_PX), 120, np.uint8)
    assert correlate_images(plain, plain, UPRIGHT)[0] == pytest.approx(0, abs=1e-3)
    assert correlate_images(plain, skin(0), UPRIGHT)[0] == pytest.approx(0, abs=1e-3)


def test_a_pair_does_not_depend_on_the_other_pairs() -> None:
    first, second = (np.concatenate([skin(seed) for seed in seeds]) for seeds in ((0, 1, 2), (3, 1, 4)))
    together = correlate_images(first, second, np.array([0, 3, 5]))
    alone = [correlate_images(first[[k]], second[[k]], np.array([turn]))[0] for k, turn in enumerate((0, 3, 5))]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_details_are_of_comparable_strength_everywhere() -> None:
    strong = skin(5)[0].astype(float)
    strong[:, :32] = 128 + 4 * (strong[:, :32] - 128)
    left, right = np.split(extract_details(strong[None])[0], 2, axis=1)
    assert left.std() / right.std() < 1.6


def test_the_dark_surround_of_two_views_does_not_correlate() -> None:
    y, x = np.mgrid[:COMPARED_PX, :COMPARED_PX] - (COMPARED_PX - 1) / 2
    view = (np.hypot(y, x) < 24)[None]
    # The sharp edge of such a ring would outweigh all details inside it.
    first, second = (np.where(view, skin(seed, darkness=0), 2).astype(np.uint8) for seed in (40, 41))
    assert correlate_images(first, second, UPRIGHT)[0] < 0.5
    assert correlate_images(first, np.where(view, skin(40, darkness=0), 9).astype(np.uint8), UPRIGHT)[0] > 0.95


def test_a_dark_mole_is_not_taken_for_the_surround() -> None:
    dark = skin(2).copy()
    dark[0, 20:44, 20:44] = dark[0, 20:44, 20:44] // 12
    assert np.abs(extract_details(dark)[0, 24:40, 24:40]).max() > 0
    assert np.abs(extract_details(dark)[0, 18:22, 20:44]).max() > 0.5
