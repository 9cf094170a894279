"""Tests that resizing averages, can take a part, and gives the same pixels as Pillow."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesions.images.resize import Box, Kernel, ResizableImage

ROOT = Path(__file__).parents[3]
NOISE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def test_a_box_is_a_mean_of_whole_blocks() -> None:
    pixels = np.array([[[0, 10, 255], [4, 20, 255], [8, 30, 0], [12, 50, 0]]], dtype=np.uint8)
    resized = ResizableImage(pixels).resize(2, 1, kernel="box")
    np.testing.assert_array_equal(resized, [[[2, 15, 255], [10, 40, 0]]])


def test_a_part_is_taken() -> None:
    resized = ResizableImage(NOISE).resize(5, 7, kernel="bilinear", box=(10, 20, 15, 27))
    np.testing.assert_array_equal(resized, NOISE[20:27, 10:15])


@pytest.mark.parametrize("kernel", ["bilinear", "box"])
@pytest.mark.parametrize("size", [(7, 9), (60, 60), (111, 90)], ids=str)
@pytest.mark.parametrize("box", [None, (10.25, 0.0, 70.25, 60.0)], ids=str)
def test_the_result_equals_that_of_pillow(kernel: Kernel, size: tuple[int, int], box: Box | None) -> None:
    expected = Image.fromarray(NOISE).resize(size, Image.Resampling[kernel.upper()], box)
    resized = ResizableImage(NOISE).resize(*size, kernel=kernel, box=box)
    np.testing.assert_allclose(resized, np.asarray(expected), atol=1)


def test_without_the_fast_package_pillow_resizes() -> None:
    code = """
import sys
sys.modules["cykooz_resizer"] = None
import numpy as np
from tests.lesions.images.test_resize import test_a_box_is_a_mean_of_whole_blocks as box, test_a_part_is_taken as part
from lesions.images import resize
assert resize.vectorised is None
box(), part()
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
