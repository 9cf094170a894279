"""Draw each corruption at each strength: python -m docs.draw_corruptions IMAGES ROW PICTURE."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lesions.images.cache import read_cache
from lesions.transforms.conditions import AMOUNTS, CORRUPTIONS, list_conditions
from lesions.transforms.corruptions import corrupt_images

COLUMNS = ("as it is", *map(str, range(1, 6)))


def main(images: Path, row: int, picture: Path) -> None:
    """Save the plot for one image of a cache."""
    plot_corruptions(np.array(read_cache(images)[row]), row).savefig(picture, dpi=75)


def plot_corruptions(pixels: NDArray[np.uint8], row: int) -> Figure:
    """Return a plot with one row per corruption: the image (H, H, 3) as it is, and at each strength."""
    batch = torch.from_numpy(pixels)[None]
    figure, axes = plt.subplots(
        len(CORRUPTIONS),
        len(COLUMNS),
        figsize=(7.8, 9.8),
        gridspec_kw={"left": 0.17, "right": 1, "bottom": 0, "top": 0.97, "wspace": 0.02, "hspace": 0.02},
    )
    for name, line in zip(CORRUPTIONS, axes, strict=True):
        altered = [corrupt_images(batch, np.array([row]), condition)[0] for condition in list_conditions([name])]
        line[0].set_ylabel(
            f"{name.replace('_', ' ')}\n{AMOUNTS[name][0]:g} to {AMOUNTS[name][-1]:g}",
            rotation="horizontal",
            ha="right",
            va="center",
        )
        for image, axis in zip([batch[0], *altered], line, strict=True):
            axis.imshow(image.numpy())
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
    for title, axis in zip(COLUMNS, axes[0], strict=True):
        axis.set_title(title, fontsize=10)
    return figure


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
