"""Tests that all copies of a picture are connected, however many there are."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lesions.near_duplicates.copies import find_copies
from lesions.near_duplicates.neighbours import find_candidates
from lesions.near_duplicates.orientation import turn_images
from lesions.near_duplicates.perceptual_hash import perceptual_hash
from stages.find_near_duplicates import read_grey


def skin(seed: int, size: int = 128) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(size=(size, size))
    texture = sum(20 * field / field.std() for field in (gaussian_filter(noise, sigma) for sigma in (2, 5, 12)))
    return (150 + texture).clip(0, 255).astype(np.uint8)


def shrink(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BOX))


def hash_images(images: list[NDArray[np.uint8]]) -> NDArray[np.int8]:
    return perceptual_hash(np.stack([shrink(image, 32) for image in images]).astype(np.float32))


def find(images: list[NDArray[np.uint8]], min_correlation: float = 0.7) -> pd.DataFrame:
    cache = np.stack([shrink(image, 128) for image in images])[:, :, :, None].repeat(3, axis=3)
    return find_copies(hash_images(images), partial(read_grey, cache, np.arange(len(images))), min_correlation)


def cluster_numbers(images: list[NDArray[np.uint8]]) -> NDArray[np.int64]:
    """Return the cluster (N,) of each image, by the pairs of `find_copies`."""
    pairs = find(images)
    assert (pairs["first"] < pairs["second"]).all()
    edges = (pairs["first"], pairs["second"])
    graph = coo_array((np.ones(len(pairs)), edges), shape=(len(images), len(images)))
    return np.asarray(connected_components(graph, directed=False)[1])


@pytest.mark.parametrize("cut", [6, 26], ids=["hashes are alike", "hashes are not alike"])
def test_two_clusters_of_copies_of_one_picture_are_joined(cut: int) -> None:
    picture, cropped = skin(0), skin(0)[cut:-cut, cut:-cut]
    # Eight of each, which differ by a few grey levels: the nearest neighbours of each are all of its own kind.
    generator = np.random.default_rng(1)
    copies = [
        (version.astype(int) + generator.integers(0, 2, version.shape)).clip(0, 255).astype(np.uint8)
        for version in (picture, cropped)
        for _ in range(8)
    ]
    others = [skin(seed) for seed in range(10, 30)]
    cluster = cluster_numbers(copies + others)
    assert len(set(cluster[:16])) == 1
    assert len(set(cluster)) == 1 + len(others)


def test_clusters_of_rotated_copies_of_one_picture_are_joined() -> None:
    generator = np.random.default_rng(1)
    rotated = [np.asarray(Image.fromarray(skin(0)).rotate(angle)).astype(int) for angle in (0, 33, 66)]
    copies = [
        (version + generator.integers(0, 2, version.shape)).clip(0, 255).astype(np.uint8)
        for version in rotated
        for _ in range(8)
    ]
    others = [skin(seed) for seed in range(10, 30)]
    cluster = cluster_numbers(copies + others)
    assert len(set(cluster[:24])) == 1
    assert len(set(cluster)) == 1 + len(others)


def test_copies_whose_hashes_are_not_alike_are_found_by_their_details() -> None:
    images = [skin(0), skin(0)[30:-30, 30:-30], *(skin(seed) for seed in range(10, 30)), skin(1)]
    images += [np.asarray(Image.fromarray(skin(1)).transpose(Image.Transpose.FLIP_LEFT_RIGHT).rotate(40))]
    assert find_candidates(hash_images(images)).empty
    pairs = find(images)
    assert pairs[["first", "second"]].values.tolist() == [[0, 1], [22, 23]]
    assert pairs.similarity.max() < 0.8
    # The pose of the second pair is between two orientations of a mirrored image.
    assert pairs.orientation[0] == 0
    assert pairs.orientation[1] in (1, 4, 7)


def test_the_direction_of_a_pair_is_from_its_first_image() -> None:
    # The second image is the whole, so that its middle is searched for, and is like the first.
    quarter = np.rot90(skin(0))[30:-30, 30:-30]
    images = [quarter, *(skin(seed) for seed in range(10, 30)), skin(0)]
    forward, backward = find(images), find(images[::-1])
    assert forward[["first", "second"]].values.tolist() == [[0, 21]]
    assert turn_images(np.rot90(skin(0))[None], forward.orientation[0])[0].tolist() == skin(0).tolist()
    assert turn_images(skin(0)[None], backward.orientation[0])[0].tolist() == np.rot90(skin(0)).tolist()


def test_a_pair_is_found_once() -> None:
    pairs = find([skin(0)] * 2)
    assert pairs[["first", "second", "orientation", "correlation"]].values.tolist() == [[0, 1, 0, 1]]


@pytest.mark.parametrize("num_images", [1, 2])
def test_a_handful_of_images_is_enough(num_images: int) -> None:
    assert len(find([skin(0), skin(0)[30:-30, 30:-30]][:num_images])) == num_images - 1


def test_plain_images_are_no_copies() -> None:
    assert find([np.full((128, 128), grey, dtype=np.uint8) for grey in (0, 90, 255)]).empty


def test_the_same_images_give_the_same_pairs() -> None:
    images = [skin(0), skin(0)[30:-30, 30:-30], skin(1), skin(1)[::-1], *(skin(seed) for seed in range(10, 20))]
    pd.testing.assert_frame_equal(find(images), find(images))
