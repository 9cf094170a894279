"""The image cache is an ordinary .npy file, written in pieces, whole or not at all."""

from pathlib import Path

import numpy as np
import pytest

from lesions.errors import InputError
from lesions.images.cache import read_cache, write_cache


@pytest.mark.parametrize("sizes", [[3, 2], [], [1]])
def test_chunks_come_back_as_one_array(tmp_path: Path, sizes: list[int]) -> None:
    chunks = [np.random.default_rng(n).integers(0, 256, (n, 4, 4, 3), dtype=np.uint8) for n in sizes]
    with write_cache(tmp_path / "images.npy", 4) as cache:
        for chunk in chunks:
            cache.append(chunk)
    expected = np.concatenate([np.empty((0, 4, 4, 3), np.uint8), *chunks])
    np.testing.assert_array_equal(np.load(tmp_path / "images.npy"), expected)
    if sizes:
        np.testing.assert_array_equal(read_cache(tmp_path / "images.npy"), expected)


def test_it_is_read_as_a_map_that_cannot_be_written(tmp_path: Path) -> None:
    with write_cache(tmp_path / "images.npy", 4) as cache:
        cache.append(np.zeros((2, 4, 4, 3), dtype=np.uint8))
    images = read_cache(tmp_path / "images.npy")
    assert isinstance(images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 1


def test_an_interrupt_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), write_cache(tmp_path / "images.npy", 4) as cache:
        cache.append(np.zeros((2, 4, 4, 3), dtype=np.uint8))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    with write_cache(tmp_path / "images.npy", 4) as cache:
        cache.append(np.zeros((2, 4, 4, 3), dtype=np.uint8))
    whole = (tmp_path / "images.npy").read_bytes()
    (tmp_path / "images.npy").write_bytes(whole[:-1])
    with pytest.raises(InputError, match=r"images.npy: not a whole image cache .* run the stage cache_images again"):
        read_cache(tmp_path / "images.npy")
