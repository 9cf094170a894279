"""Tests that the image cache is an ordinary .npy file, written completely or not at all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.images.cache import image_row, read_cache, write_cache


def draw(num_images: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 256, (num_images, 4, 4, 3), dtype=np.uint8)


def test_images_are_in_the_rows_written_and_other_rows_are_black(tmp_path: Path) -> None:
    expected = draw(6)
    with write_cache(tmp_path / "images.npy", 6, image_row(4)) as cache:
        cache.write([3, 4], expected[3:5])
        cache.write([1, 0], expected[[1, 0]])
    expected[[2, 5]] = 0
    np.testing.assert_array_equal(np.load(tmp_path / "images.npy"), expected)
    np.testing.assert_array_equal(read_cache(tmp_path / "images.npy"), expected)


def test_threads_write_one_file(tmp_path: Path) -> None:
    expected = draw(1000)
    with write_cache(tmp_path / "images.npy", 1000, image_row(4)) as cache, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda row: cache.write([row], expected[row : row + 1]), range(1000)))
    np.testing.assert_array_equal(np.load(tmp_path / "images.npy"), expected)


def test_the_cache_is_a_read_only_memory_map(tmp_path: Path) -> None:
    with write_cache(tmp_path / "images.npy", 2, image_row(4)) as cache:
        cache.write([0, 1], draw(2))
    images = read_cache(tmp_path / "images.npy")
    assert isinstance(images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 1


def test_an_interrupt_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), write_cache(tmp_path / "images.npy", 2, image_row(4)) as cache:
        cache.write([0, 1], draw(2))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    with write_cache(tmp_path / "images.npy", 2, image_row(4)) as cache:
        cache.write([0, 1], draw(2))
    whole = (tmp_path / "images.npy").read_bytes()
    (tmp_path / "images.npy").write_bytes(whole[:-1])
    with pytest.raises(InputError, match=r"images.npy: not a whole image cache .* run the stage cache_images again"):
        read_cache(tmp_path / "images.npy")


@pytest.mark.parametrize("rows", [[0, 1, 2, 3, 4, 5], [0, 2, 5], [5], [0], [1, 2, 3]])
def test_only_the_rows_that_are_kept_are_in_the_file(tmp_path: Path, rows: list[int]) -> None:
    images = draw(6)
    with write_cache(tmp_path / "images.npy", 6, image_row(4)) as cache:
        cache.write(range(6), images)
        cache.keep(rows)
    np.testing.assert_array_equal(read_cache(tmp_path / "images.npy"), images[rows])
    with write_cache(tmp_path / "alone.npy", len(rows), image_row(4)) as cache:
        cache.write(range(len(rows)), images[rows])
    assert (tmp_path / "alone.npy").read_bytes() == (tmp_path / "images.npy").read_bytes()


def test_a_file_without_images_says_so(tmp_path: Path) -> None:
    with write_cache(tmp_path / "images.npy", 2, image_row(4)) as cache:
        cache.keep([])
    assert np.load(tmp_path / "images.npy").shape == (0, 4, 4, 3)
