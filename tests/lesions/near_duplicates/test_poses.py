"""Tests that an image is posed like another one, whichever way it was turned, enlarged and shifted."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from lesions.near_duplicates.agreement import compare_spectra
from lesions.near_duplicates.alignment import COMPARED_PX, correlate_images, extract_details
from lesions.near_duplicates.fingerprints import RING_RATIO, measure_spectra
from lesions.near_duplicates.orientation import NUM_ORIENTATIONS, turn_images
from lesions.near_duplicates.poses import pose_images

NO_STEP = np.array([0])


def skin(seed: int, size: int = COMPARED_PX) -> NDArray[np.uint8]:
    """Return an image (1, S, S) with structure at every scale."""
    noise = np.random.default_rng(seed).normal(size=(size, size))
    texture = sum(15 * field / field.std() for field in (gaussian_filter(noise, sigma) for sigma in (1, 2, 5)))
    return (150 + texture).clip(0, 255).astype(np.uint8)[None]


def pose(
    moving: NDArray[np.uint8], still: NDArray[np.uint8], step: NDArray[np.int64] = NO_STEP
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    first, second = (measure_spectra(extract_details(images)) for images in (moving, still))
    agreement = compare_spectra(first, second, step)
    return pose_images(moving, still, step, mirrored=agreement.mirrored, angle=agreement.angle)


def correlate_posed(moving: NDArray[np.uint8], still: NDArray[np.uint8], step: int = 0) -> float:
    posed, masked, _ = pose(moving, still, np.array([step]))
    return float(correlate_images(posed, masked, np.array([0]))[0])


@pytest.mark.parametrize("angle", range(0, 360, 40))
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("step", [0, 3])
def test_an_image_is_posed_like_another(angle: int, mirrored: bool, step: int) -> None:
    side = round(COMPARED_PX * RING_RATIO**step)
    image = (
        Image.fromarray(skin(0)[0])
        .resize((side, side), Image.Resampling.BICUBIC)
        .rotate(angle, Image.Resampling.BILINEAR)
    )
    if mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    margin = (side - COMPARED_PX) // 2
    still = np.asarray(image.crop((margin, margin, margin + COMPARED_PX, margin + COMPARED_PX)))[None]
    assert correlate_posed(skin(0), still, step) > 0.9


@pytest.mark.parametrize("orientation", range(NUM_ORIENTATIONS))
def test_a_turned_image_has_the_orientation_of_its_pose(orientation: int) -> None:
    posed, masked, named = pose(skin(0), turn_images(skin(0), orientation))
    assert named.tolist() == [orientation]
    assert np.abs(posed.astype(int) - masked)[0, 8:-8, 8:-8].mean() < 4


def test_after_a_shift_only_what_both_images_show_is_compared() -> None:
    wide = skin(0, 96)
    moving, still = wide[:, 16:80, 16:80], wide[:, 16:80, 26:90]
    posed, masked, _ = pose(moving, still)
    assert (posed[:, :, -9:] == 0).all()
    assert (masked[:, :, -9:] == 0).all()
    np.testing.assert_array_equal(masked[:, :, :52], still[:, :, :52])
    assert correlate_posed(moving, still) > 0.9


def test_different_images_do_not_correlate_in_any_pose() -> None:
    assert max(correlate_posed(skin(seed), skin(seed + 1)) for seed in range(0, 40, 2)) < 0.6


def test_a_pair_does_not_depend_on_the_other_pairs() -> None:
    first, second = (np.concatenate([skin(seed) for seed in seeds]) for seeds in ((0, 1, 2), (3, 1, 4)))
    together = pose(first, second, np.array([0, 1, 2]))
    for k in range(3):
        alone = pose(first[[k]], second[[k]], np.array([k]))
        assert np.abs(together[0][k].astype(int) - alone[0][0]).max() <= 1
        assert together[2][k] == alone[2][0]
