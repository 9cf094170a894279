"""Tests that the search finds copies in every orientation, and no unrelated images."""

import numpy as np
import pandas as pd
import pytest

from lesions.near_duplicates.neighbours import NUM_NEIGHBOURS, find_candidates
from lesions.near_duplicates.orientation import NUM_ORIENTATIONS, turn_hashes, turn_images
from lesions.near_duplicates.perceptual_hash import perceptual_hash

IMAGES = np.random.default_rng(0).uniform(0, 255, (400, 32, 32)).astype(np.float32)


@pytest.mark.parametrize("orientation", range(NUM_ORIENTATIONS))
def test_a_turned_copy_is_found_with_its_orientation(orientation: int) -> None:
    turned = turn_images(IMAGES[7:8], orientation)
    hashes = perceptual_hash(np.concatenate([IMAGES, turned]))
    candidates = find_candidates(hashes)
    assert candidates[["first", "second"]].values.tolist() == [[7, 400]]
    pair = candidates.iloc[0]
    units = hashes.astype(np.float32)
    first = turn_hashes(units[[int(pair["first"])]], int(pair.orientation))
    assert (first @ units[int(pair.second)]).item() / 127**2 == pytest.approx(pair.similarity, abs=0.03)
    assert pair.similarity > 0.98


def test_unrelated_images_are_not_candidates() -> None:
    assert find_candidates(perceptual_hash(IMAGES)).empty


def test_many_copies_of_one_image_are_connected_by_few_pairs() -> None:
    noise = np.random.default_rng(1).normal(scale=2, size=(60, 32, 32))
    candidates = find_candidates(perceptual_hash((IMAGES[:1] + noise).astype(np.float32)))
    assert len(candidates) <= 60 * NUM_NEIGHBOURS
    assert set(candidates["first"]) | set(candidates["second"]) == set(range(60))
    assert not candidates.duplicated(["first", "second"]).any()
    assert not pd.DataFrame(np.sort(candidates[["first", "second"]], axis=1)).duplicated().any()


@pytest.mark.parametrize("num_images", [1, 2])
def test_a_handful_of_images_is_enough(num_images: int) -> None:
    assert len(find_candidates(perceptual_hash(np.repeat(IMAGES[:1], num_images, axis=0)))) == num_images - 1


def test_the_same_hashes_give_the_same_pairs() -> None:
    images = np.concatenate([IMAGES, IMAGES[:50] + 3, IMAGES[:50, ::-1]])
    first, second = (find_candidates(perceptual_hash(images)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
