"""Tests that a fingerprint stays nearly the same when an image is moved, and tells different images apart."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from lesions.near_duplicates.alignment import extract_details
from lesions.near_duplicates.enlargements import MIN_LIKENESS
from lesions.near_duplicates.fingerprints import NUM_STEPS, RING_RATIO, build_fingerprints, measure_spectra


def skin(seed: int) -> Image.Image:
    """Return a large image with structure at every scale, of which the middle 64 px are looked at."""
    noise = np.random.default_rng(seed).normal(size=(160, 160))
    texture = sum(15 * field / field.std() for field in (gaussian_filter(noise, sigma) for sigma in (1, 2, 5)))
    return Image.fromarray((150 + texture).clip(0, 255).astype(np.uint8))


def fingerprint(image: Image.Image, *, step: int = 0, left: int = 48, top: int = 48) -> NDArray[np.float32]:
    grey = np.asarray(image.crop((left, top, left + 64, top + 64)))[None]
    return build_fingerprints(measure_spectra(extract_details(grey)), step)[0]


@pytest.mark.parametrize("angle", [12, 30, 45, 90, 133, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_rotation_or_a_mirror_image_changes_little(angle: int, mirrored: bool) -> None:
    rotated = skin(0).rotate(angle, Image.Resampling.BILINEAR)
    moved = rotated.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else rotated
    assert fingerprint(skin(0)) @ fingerprint(moved) > 0.85


@pytest.mark.parametrize(("left", "top", "least"), [(51, 48, 0.8), (48, 54, 0.6), (52, 52, 0.7)])
def test_a_shift_changes_some_of_it(left: int, top: int, least: float) -> None:
    assert fingerprint(skin(0)) @ fingerprint(skin(0), left=left, top=top) > least


@pytest.mark.parametrize("step", range(NUM_STEPS))
def test_an_enlarged_image_has_the_fingerprint_of_its_step(step: int) -> None:
    side = round(160 * RING_RATIO**step)
    margin = (side - 160) // 2
    enlarged = (
        skin(0).resize((side, side), Image.Resampling.BICUBIC).crop((margin, margin, margin + 160, margin + 160))
    )
    likeness = [fingerprint(skin(0), step=other) @ fingerprint(enlarged) for other in range(NUM_STEPS)]
    assert int(np.argmax(likeness)) == step
    assert likeness[step] > MIN_LIKENESS


def test_different_images_are_not_alike() -> None:
    prints = np.stack([fingerprint(skin(seed)) for seed in range(40)])
    np.testing.assert_allclose((prints**2).sum(axis=1), 1, rtol=1e-5)
    assert np.triu(prints @ prints.T, 1).max() < MIN_LIKENESS


def test_plain_images_have_no_fingerprint() -> None:
    spectra = measure_spectra(extract_details(np.full((2, 64, 64), 90, dtype=np.uint8)))
    assert np.abs(build_fingerprints(spectra, 0)).max() < 0.05
