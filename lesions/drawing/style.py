"""One look for all plots: colours that colour-blind readers can distinguish, and reproducible bytes."""

import io
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesions.formats.atomic import atomic_path

# Okabe and Ito (2008), the palette that Wong recommends (Nature Methods 8:441, 2011).
SPLIT_COLOURS = {"train": "#0072B2", "val": "#E69F00", "test": "#009E73"}

MODEL_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#999999")
MODEL_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

DOTS_PER_INCH = 150


def new_figure(*, width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure of the given size, in inches, with one pair of axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def new_pair(*, width: float, height: float) -> tuple[Figure, Axes, Axes]:
    """Return an empty figure of the given size, in inches, with two small pairs of axes side by side."""
    figure = Figure(figsize=(width, height), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.label.set_fontsize(9)
        axes.yaxis.label.set_fontsize(9)
        axes.tick_params(labelsize=8)
    return figure, left, right


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure as a PNG with reproducible bytes: without the date and the library's version."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})


def render_svg(figure: Figure) -> str:
    """Render a figure as an SVG with reproducible bytes, whose black and dark blue are lighter on a dark screen."""
    file = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "lesions"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    head, tag, rest = file.getvalue().partition("<defs>")
    return head + DARK_SCREEN + tag + rest.replace("#000000", "currentColor").replace("#0072b2", "var(--blue)")


DARK_SCREEN = """<style>
svg { color: #1b1b1b; --blue: #0072b2 }
text { fill: currentColor }
@media screen and (prefers-color-scheme: dark) { svg { color: #e6e6e6; --blue: #2f8fd6 } }
</style>
"""


def spell(name: str) -> str:
    """Convert an identifier such as `basal_cell_carcinoma` into words for a label."""
    return name.replace("_", " ")
