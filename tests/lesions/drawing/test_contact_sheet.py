"""Every picture is on the sheet, with its words, in a size that follows from their number."""

import struct
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

from lesions.drawing.contact_sheet import CELL_INCHES, PER_LINE, plot_contact_sheet
from lesions.drawing.style import DOTS_PER_INCH, write_figure


@pytest.mark.parametrize(("num_pictures", "num_lines"), [(1, 1), (5, 1), (6, 2), (40, 8)])
def test_five_pictures_are_on_a_line(tmp_path: Path, num_pictures: int, num_lines: int) -> None:
    pixels = [np.full((8, 8, 3), 10 * number % 256, dtype=np.uint8) for number in range(num_pictures)]
    words = [[f"row {number}", "label: nevus, 0.10"] for number in range(num_pictures)]
    figure = plot_contact_sheet(pixels, words, "title")
    assert sum(len(axes.images) for axes in figure.axes) == num_pictures
    assert len(figure.axes) == PER_LINE * num_lines
    write_figure(tmp_path / "sheet.png", figure)
    width, height = struct.unpack(">II", (tmp_path / "sheet.png").read_bytes()[16:24])
    assert width == round(PER_LINE * CELL_INCHES * DOTS_PER_INCH)
    assert height == int(figure.get_figheight() * DOTS_PER_INCH)
    assert figure.get_figheight() > num_lines * CELL_INCHES


def test_long_names_are_broken_between_words_and_never_cut() -> None:
    words = [["looks like: pigmented benign keratosis of an unusual kind, 0.93"]]
    figure = plot_contact_sheet([np.zeros((8, 8, 3), dtype=np.uint8)], words, "title")
    (caption,) = [text.get_text() for text in figure.findobj(Text) if "looks" in text.get_text()]
    assert caption == "looks like: pigmented benign\nkeratosis of an unusual kind, 0.93"
