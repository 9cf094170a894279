"""Tests that turning a hash gives the hash of the turned image."""

import numpy as np
import pytest

from lesions.near_duplicates.orientation import INVERSE, NUM_ORIENTATIONS, turn_hashes, turn_images
from lesions.near_duplicates.perceptual_hash import perceptual_hash

IMAGES = np.random.default_rng(0).uniform(0, 255, (20, 32, 32)).astype(np.float32)


@pytest.mark.parametrize("orientation", range(NUM_ORIENTATIONS))
def test_a_turned_hash_is_the_hash_of_the_turned_image(orientation: int) -> None:
    expected = perceptual_hash(turn_images(IMAGES, orientation))
    turned = turn_hashes(perceptual_hash(IMAGES).astype(np.float32), orientation)
    # Values that lie between two integers may be rounded either way.
    assert np.abs(turned - expected).max() <= 1


def test_the_eight_orientations_are_those_of_rotations_and_their_mirror_images() -> None:
    turned = {turn_images(IMAGES[:1], orientation).tobytes() for orientation in range(NUM_ORIENTATIONS)}
    rotations = [np.rot90(IMAGES[:1], quarter, (1, 2)) for quarter in range(4)]
    assert turned == {image.tobytes() for rotated in rotations for image in (rotated, rotated[:, :, ::-1])}


def test_colours_stay_with_their_pixels() -> None:
    image = np.arange(12).reshape(1, 2, 2, 3)
    np.testing.assert_array_equal(turn_images(image, 4)[0, 0, 1], image[0, 1, 0])


@pytest.mark.parametrize("orientation", range(NUM_ORIENTATIONS))
def test_the_inverse_undoes_an_orientation(orientation: int) -> None:
    turned = turn_images(IMAGES, orientation)
    np.testing.assert_array_equal(turn_images(turned, INVERSE[orientation]), IMAGES)
