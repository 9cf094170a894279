"""Tests that altered copies have nearly the same hash, and other images do not."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, rotate

from lesions.near_duplicates.perceptual_hash import FREQUENCIES, parse_hashes, perceptual_hash, spell_hash


def similarity(first: NDArray[np.int8], second: NDArray[np.int8]) -> NDArray[np.float64]:
    return (first.astype(float) * second).sum(axis=1) / 127**2


def blobs(seed: int, N: int = 50) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(size=(N, 32, 32))
    smooth = gaussian_filter(noise, (0, 3, 3))
    return (128 + 60 * smooth / smooth.std()).astype(np.float32)


def test_lighting_and_little_noise_change_the_hash_little() -> None:
    images = blobs(0)
    noise = np.random.default_rng(1).normal(scale=4, size=images.shape)
    changed = (0.8 * images + 20 + noise).astype(np.float32)
    assert similarity(perceptual_hash(images), perceptual_hash(changed)).min() > 0.95


def test_lighting_alone_changes_only_the_rounding() -> None:
    hashes, changed = perceptual_hash(blobs(0)), perceptual_hash(0.5 * blobs(0) + 60)
    assert np.abs(hashes.astype(int) - changed).max() <= 1


def test_the_corners_do_not_count() -> None:
    images = blobs(0)
    without = images.copy()
    without[:, :4, :4] = without[:, -4:, -4:] = 0
    np.testing.assert_array_equal(perceptual_hash(images), perceptual_hash(without))


def test_a_slightly_rotated_image_is_most_similar_to_its_original() -> None:
    images = blobs(0)
    turned = perceptual_hash(rotate(images, 7, axes=(1, 2), reshape=False, order=1).astype(np.float32))
    hashes = perceptual_hash(images).astype(float)
    np.testing.assert_array_equal((turned @ hashes.T).argmax(axis=1), np.arange(len(images)))


def test_unrelated_images_are_not_similar() -> None:
    similarities = similarity(perceptual_hash(blobs(0)), perceptual_hash(blobs(1)))
    assert abs(similarities.mean()) < 0.1
    assert similarities.max() < 0.8


def test_a_hash_has_length_one_and_that_of_a_plain_image_zero() -> None:
    hashes = perceptual_hash(np.concatenate([blobs(3, 1), np.full((1, 32, 32), 90, np.float32)]))
    assert similarity(hashes, hashes) == pytest.approx([1, 0], abs=0.03)
    assert hashes.shape == (2, FREQUENCIES**2)


def test_a_hash_does_not_depend_on_the_other_images() -> None:
    images = blobs(2)
    np.testing.assert_array_equal(perceptual_hash(images)[7:8], perceptual_hash(images[7:8]))


def test_hashes_survive_writing_as_hexadecimal_digits() -> None:
    hashes = perceptual_hash(blobs(2, 5))
    spelled = [spell_hash(one) for one in hashes]
    assert {len(digits) for digits in spelled} == {200}
    np.testing.assert_array_equal(parse_hashes(spelled), hashes)
