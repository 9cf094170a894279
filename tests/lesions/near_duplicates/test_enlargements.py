"""Tests that the middle of an image is found among others, and nothing else."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from lesions.near_duplicates.enlargements import PARTS, find_enlargements, measure_images
from stages.find_near_duplicates import read_grey

NUM_OTHERS = 30


def skin(seed: int, size: int = 128) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(size=(size, size))
    texture = sum(20 * field / field.std() for field in (gaussian_filter(noise, sigma) for sigma in (1.5, 4, 10)))
    return (150 + texture).clip(0, 255).astype(np.uint8)


def crop(image: NDArray[np.uint8], part: float) -> NDArray[np.uint8]:
    size = len(image)
    margin = size * (1 - part) / 2
    box = (margin, margin, size - margin, size - margin)
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC, box))


def find(
    pictures: list[NDArray[np.uint8]],
    *,
    images: list[int] | None = None,
    searching: list[int] | None = None,
    parts: tuple[float, ...] = PARTS,
) -> pd.DataFrame:
    everything = np.arange(len(pictures))
    read = partial(read_grey, np.stack(pictures)[:, :, :, None].repeat(3, axis=3), everything)
    among, seekers = (everything if chosen is None else np.array(chosen) for chosen in (images, searching))
    return find_enlargements(read, measure_images(read, len(pictures)), among, seekers, parts)


@pytest.mark.parametrize(("part", "expected"), [(0.9, (1.0, 2)), (0.8, (0.8, 0)), (0.6, (0.64, 1)), (0.5, (0.5, 0))])
def test_the_middle_of_an_image_is_found(part: float, expected: tuple[float, int]) -> None:
    images = [skin(0), *(skin(seed) for seed in range(1, NUM_OTHERS)), crop(skin(0), part)]
    found = find(images)
    assert found[["image", "other"]].values.tolist() == [[0, NUM_OTHERS]]
    assert tuple(found[["part", "step"]].values[0]) == expected


def test_unrelated_images_are_not_found() -> None:
    assert find([skin(seed) for seed in range(NUM_OTHERS)]).empty


def test_only_the_parts_asked_for_are_searched() -> None:
    images = [skin(0), *(skin(seed) for seed in range(1, NUM_OTHERS)), crop(skin(0), 0.5)]
    assert find(images, parts=(1.0,)).empty
    assert find(images, parts=()).empty


def test_a_pair_that_both_images_find_is_one_row() -> None:
    found = find([skin(0), skin(1), skin(0)[::-1].copy()])
    assert found[["image", "other"]].values.tolist() in ([[0, 2]], [[2, 0]])


def test_only_chosen_images_search_and_are_found() -> None:
    images = [skin(seed) for seed in range(NUM_OTHERS)] + [crop(skin(seed), 0.71) for seed in (3, 4)]
    assert find(images, searching=[4])[["image", "other"]].values.tolist() == [[4, NUM_OTHERS + 1]]
    among = [0, 3, 5, 7, NUM_OTHERS]
    assert find(images, images=among, searching=among)[["image", "other"]].values.tolist() == [[3, NUM_OTHERS]]
