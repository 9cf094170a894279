"""Tests that all copies of a picture are connected, however many there are."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lesions.images.perceptual_hash import perceptual_hash
from lesions.near_duplicates.copies import find_copies


def skin(seed: int, size: int = 128) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(size=(size, size))
    texture = sum(20 * field / field.std() for field in (gaussian_filter(noise, sigma) for sigma in (2, 5, 12)))
    return (150 + texture).clip(0, 255).astype(np.uint8)


def shrink(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BOX))


def cluster_numbers(images: list[NDArray[np.uint8]]) -> NDArray[np.int64]:
    """Return the cluster (N,) of each image, by the pairs of `find_copies`."""
    hashes = perceptual_hash(np.stack([shrink(image, 32) for image in images]).astype(np.float32))
    pairs = find_copies(hashes, np.stack([shrink(image, 64) for image in images]).__getitem__, 0.7)
    assert (pairs["first"] < pairs["second"]).all()
    edges = (pairs["first"], pairs["second"])
    graph = coo_array((np.ones(len(pairs)), edges), shape=(len(images), len(images)))
    return np.asarray(connected_components(graph, directed=False)[1])


def test_two_clusters_of_copies_of_one_picture_are_joined() -> None:
    picture, cropped = skin(0), skin(0)[6:-6, 6:-6]
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


def test_a_pair_is_found_once() -> None:
    hashes = perceptual_hash(np.stack([shrink(skin(0), 32)] * 2).astype(np.float32))
    pairs = find_copies(hashes, np.stack([shrink(skin(0), 64)] * 2).__getitem__, 0.7)
    assert pairs[["first", "second", "orientation", "correlation"]].values.tolist() == [[0, 1, 0, 1]]
