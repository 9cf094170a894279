"""Tests that the spectra of copies agree in the pose of the copy, and those of other images do not."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from lesions.near_duplicates.agreement import MIN_AGREEMENT, compare_at_every_step, compare_spectra
from lesions.near_duplicates.alignment import COMPARED_PX, extract_details
from lesions.near_duplicates.fingerprints import NUM_STEPS, RING_RATIO, measure_spectra


def skin(seed: int, size: int = 96) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(size=(size, size))
    texture = sum(15 * field / field.std() for field in (gaussian_filter(noise, sigma) for sigma in (1, 2, 5)))
    return (150 + texture).clip(0, 255).astype(np.uint8)


def turn(image: NDArray[np.uint8], *, angle: float = 0, mirrored: bool = False, step: float = 0) -> Image.Image:
    side = round(len(image) * RING_RATIO**step)
    turned = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    turned = turned.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else turned
    return turned.rotate(angle, Image.Resampling.BILINEAR)


def measure(*images: Image.Image | NDArray[np.uint8]) -> NDArray[np.float32]:
    middles = []
    for image in images:
        frame = image if isinstance(image, Image.Image) else Image.fromarray(image)
        margin = (frame.width - COMPARED_PX) // 2
        middles.append(np.asarray(frame.crop((margin, margin, margin + COMPARED_PX, margin + COMPARED_PX))))
    return measure_spectra(extract_details(np.stack(middles)))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle", [0, 20, 75, 140])
@pytest.mark.parametrize("step", [0, 3])
def test_the_pose_of_a_copy_is_found(angle: int, mirrored: bool, step: int) -> None:
    moving, still = measure(skin(0)), measure(turn(skin(0), angle=angle, mirrored=mirrored, step=step))
    found = compare_spectra(moving, still, np.array([step]))
    assert found.value[0] > 0.6
    assert found.mirrored.tolist() == [mirrored]
    # The spectrum of an image that stands on its head is the same; Pillow turns the other way.
    away = (np.degrees(found.angle[0]) + angle + 90) % 180 - 90
    assert abs(away) < 3


def test_an_image_agrees_with_itself_wholly() -> None:
    spectra = measure(*(skin(seed) for seed in range(5)))
    found = compare_spectra(spectra, spectra, np.zeros(5, dtype=np.int64))
    assert found.value == pytest.approx(1, abs=1e-4)
    assert np.degrees(found.angle) == pytest.approx(0, abs=0.1)


def test_different_images_do_not_agree() -> None:
    spectra = measure(*(skin(seed) for seed in range(60)))
    first, second = np.triu_indices(60, 1)
    assert compare_at_every_step(spectra[first], spectra[second]).max() < MIN_AGREEMENT


@pytest.mark.parametrize("step", range(NUM_STEPS))
def test_either_image_may_be_the_larger(step: int) -> None:
    near, far = measure(turn(skin(0), step=step)), measure(skin(0))
    forward, backward = compare_at_every_step(far, near), compare_at_every_step(near, far)
    assert forward[0] == pytest.approx(backward[0])
    assert forward[0] > 0.6


def test_plain_images_agree_with_nothing() -> None:
    plain, other = measure(np.full((64, 64), 90, dtype=np.uint8)), measure(skin(0))
    assert compare_at_every_step(plain, other)[0] < 0.1
    assert compare_at_every_step(plain, plain)[0] < 0.1


def test_no_pairs_are_no_error() -> None:
    nothing = np.zeros((0, 27, 48), dtype=np.float32)
    assert compare_at_every_step(nothing, nothing).shape == (0,)
