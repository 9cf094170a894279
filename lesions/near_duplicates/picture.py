"""Plotting pairs of copies side by side, so that people can judge them."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lesions.drawing.style import spell
from lesions.images.shards import Images
from lesions.near_duplicates.orientation import turn_images

MAX_SHOWN = 24
PAIRS_PER_LINE = 4

TEXT_COLOUR = "#7a7a7a"
"""Legible on white and on black: the picture is transparent."""


def plot_pairs(pairs: pd.DataFrame, metadata: pd.DataFrame, pixels: Images) -> Figure:
    """Plot up to 24 pairs, the most important first: different diagnoses, no shared identifier, least correlation.

    Images are labelled with their row, because their name may be a patient's.

    Parameters
    ----------
    pairs
        The columns of `data/near_duplicates.csv`, and the `orientation` in which the first image is like the other.
    pixels : (N, H, W, 3) uint8
    """
    shown = pairs.sort_values(["is_conflicting", "shares_identifier", "correlation"], ascending=[False, True, True])
    shown = shown.head(MAX_SHOWN)
    images = metadata.set_index("image_id")
    num_lines = max(1, -(-len(shown) // PAIRS_PER_LINE))
    figure = Figure(figsize=(12, 0.8 + 2.0 * num_lines), layout="constrained", facecolor="none")
    figure.suptitle(
        f"{len(shown)} of {len(pairs)} pairs of copies: first those of different diagnoses, then those that the data "
        "do not tie together,\nthen those whose details correlate least",
        color=TEXT_COLOUR,
    )
    grid = figure.subplots(num_lines, PAIRS_PER_LINE, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, (_, pair) in zip(grid, shown.iterrows(), strict=False):
        here, there = images.loc[pair.image_id], images.loc[pair.other_image_id]
        turned = turn_images(pixels[here.row][None], pair.orientation)[0]
        gap = np.full((len(turned), len(turned) // 24 + 1, 3), 128, dtype=np.uint8)
        axes.imshow(np.concatenate([turned, gap, pixels[there.row]], axis=1))
        diagnoses = dict.fromkeys([spell(here.diagnosis), spell(there.diagnosis)])
        axes.set_title(
            f"rows {here.row} and {there.row}, {pair.kind}, {pair.correlation:.2f}\n{' ≠ '.join(diagnoses)}"
            f"{'' if pair.shares_identifier else ', not tied'}",
            fontsize=9,
            color=TEXT_COLOUR,
        )
    return figure
