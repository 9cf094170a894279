"""What is measured of pixels, worked by hand."""

import numpy as np
import pytest

from lesions.drift.pixels import measure_pixels


def test_a_plain_image_has_its_brightness_and_no_contrast_or_detail() -> None:
    plain = np.full((2, 8, 8, 3), 102, np.uint8)
    plain[1] = (200, 100, 50)
    measured = measure_pixels(plain)
    assert measured["brightness"] == pytest.approx([0.4, (0.299 * 200 + 0.587 * 100 + 0.114 * 50) / 255], abs=1e-6)
    assert measured["contrast"] == pytest.approx([0, 0], abs=1e-6)
    assert measured["saturation"] == pytest.approx([0, 0.75], abs=1e-6)
    assert measured["sharpness"] == pytest.approx([0, 0], abs=1e-6)


def test_a_chessboard_has_the_largest_contrast_and_detail() -> None:
    board = np.indices((8, 8)).sum(axis=0) % 2 * 255
    measured = measure_pixels(np.repeat(board[None, :, :, None], 3, axis=3).astype(np.uint8))
    assert [float(measured[name][0]) for name in ("brightness", "contrast", "sharpness")] == pytest.approx(
        [0.5, 0.5, 1]
    )


def test_a_black_image_has_no_saturation() -> None:
    assert measure_pixels(np.zeros((1, 8, 8, 3), np.uint8))["saturation"].tolist() == [0]
