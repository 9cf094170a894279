"""Contact sheets: small pictures with a few words above each."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

PER_LINE = 5
CELL_INCHES = 2.1
LINE_INCHES = 0.16
"""Height of a line of text."""
CHARACTERS = 35
"""Characters of a line of text, as many as fit above a picture."""


def plot_contact_sheet(pixels: Sequence[NDArray[np.uint8]], words: Sequence[Sequence[str]], title: str) -> Figure:
    """Plot pictures five to a line, each below its lines of words, black on white.

    Parameters
    ----------
    pixels
        N arrays (H, W, 3) uint8.
    words
        The lines above each picture; a longer one is broken between words.
    title
        Above all.
    """
    captions = ["\n".join(part for line in lines for part in textwrap.wrap(line, CHARACTERS)) for lines in words]
    num_lines = -(-len(captions) // PER_LINE)
    text_inches = LINE_INCHES * (1 + max(caption.count("\n") + 1 for caption in captions))
    height = 0.5 + num_lines * (CELL_INCHES + text_inches)
    figure = Figure(figsize=(PER_LINE * CELL_INCHES, height), layout="constrained", facecolor="white")
    figure.suptitle(title, fontsize=10)
    grid = figure.subplots(num_lines, PER_LINE, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, picture, caption in zip(grid, pixels, captions, strict=False):
        axes.imshow(picture)
        axes.set_title(caption, fontsize=8, loc="left")
    return figure
