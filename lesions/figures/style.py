"""One look for all figures: colours that colour-blind readers tell apart, and bytes that repeat."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesions.formats.atomic import atomic_path

# Okabe and Ito (2008), the palette that Wong recommends (Nature Methods 8:441, 2011).
SPLIT_COLOURS = {"train": "#0072B2", "val": "#E69F00", "test": "#009E73"}

DOTS_PER_INCH = 150


def new_figure(*, width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure of that size, in inches, with one pair of axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def write_figure(path: Path, figure: Figure) -> None:
    """Write a PNG that is the same to the byte each time (no date, no version of the library)."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})


def spell(name: str) -> str:
    """Turn an identifier such as `basal_cell_carcinoma` into words for a label."""
    return name.replace("_", " ")
