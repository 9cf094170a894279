"""Alike images share most bits of the hash, others about half."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lesions.images.perceptual_hash import HASH_BITS, perceptual_hash


def distance(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.int64]:
    return np.array([int(a ^ b).bit_count() for a, b in zip(first, second, strict=True)])


def blobs(seed: int, N: int = 50) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(size=(N, 32, 32))
    smooth = gaussian_filter(noise, (0, 3, 3))
    return (128 + 60 * smooth / smooth.std()).astype(np.float32)


def test_lighting_and_a_little_noise_change_few_bits() -> None:
    images = blobs(0)
    noise = np.random.default_rng(1).normal(scale=4, size=images.shape)
    changed = (0.8 * images + 20 + noise).astype(np.float32)
    assert np.median(distance(perceptual_hash(images), perceptual_hash(changed))) <= 4


def test_unrelated_images_differ_in_about_half_of_the_bits() -> None:
    distances = distance(perceptual_hash(blobs(0)), perceptual_hash(blobs(1)))
    assert abs(distances.mean() - HASH_BITS / 2) < 3


def test_a_hash_does_not_depend_on_the_images_beside_it() -> None:
    images = blobs(2)
    np.testing.assert_array_equal(perceptual_hash(images)[7:8], perceptual_hash(images[7:8]))
