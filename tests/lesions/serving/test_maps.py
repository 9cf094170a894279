"""Overlays of the map of a diagnosis."""

import numpy as np
import pytest

from lesions.serving.maps import draw_overlay, name_overlay

GREY = np.full((8, 8, 3), 100, np.uint8)


def test_the_place_that_speaks_most_for_the_diagnosis_is_the_most_yellow() -> None:
    activation = np.full((2, 2), -3, np.float32)
    activation[0, 1] = 5
    drawn = np.asarray(draw_overlay(GREY, activation))
    # 0.4 · 100 + 0.6 · (255, 220, 0)
    assert drawn[0, 7].tolist() == [193, 172, 40]
    assert drawn[7, 0].tolist() == [100, 100, 100]


@pytest.mark.parametrize("value", [-1.0, 0.0, np.nan])
def test_where_nothing_speaks_for_the_diagnosis_the_image_is_as_it_was(value: float) -> None:
    assert (np.asarray(draw_overlay(GREY, np.full((3, 3), value, np.float32))) == GREY).all()


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("a/b/c.jpg", "000001-c.png"),
        ("../../etc/passwd", "000001-passwd.png"),
        ("..", "000001-...png"),
        ("a\n\0;$(b)\udcff.png", "000001-a_b_.png"),
        ("ü.png", "000001-_.png"),
        ("x" * 300, f"000001-{'x' * 80}.png"),
    ],
)
def test_a_name_is_harmless(file: str, expected: str) -> None:
    assert name_overlay(1, file) == expected
