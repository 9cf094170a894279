"""Pictures of one property of two sets of images, side by side."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lesions.drawing.style import new_figure, spell
from lesions.drift.findings import Findings
from lesions.drift.image_set import EMBEDDING, PROPERTIES

NUM_BINS = 24
MOST_POINTS = 600
MOST_CATEGORIES = 15

REFERENCE_COLOUR, NEW_COLOUR = "#0072B2", "#E69F00"
NAMES = ("of the run", "new")


def plot_property(findings: Findings, name: str) -> Figure:
    """Draw the values of a property on both sides."""
    if name == EMBEDDING:
        return _plot_vectors(findings.reference.embeddings, findings.new.embeddings)
    reference, new = (side.table[name].dropna() for side in (findings.reference, findings.new))
    if pd.api.types.is_numeric_dtype(reference) and pd.api.types.is_numeric_dtype(new):
        return _plot_numbers(reference, new, PROPERTIES[name])
    return _plot_categories(reference, new)


def _plot_numbers(reference: pd.Series, new: pd.Series, label: str) -> Figure:
    figure, axes = new_figure(width=4.6, height=2.5)
    bins = np.histogram_bin_edges(pd.concat([reference, new]).to_numpy(np.float64), NUM_BINS)
    for values, colour, name in ((reference, REFERENCE_COLOUR, NAMES[0]), (new, NEW_COLOUR, NAMES[1])):
        shares = np.histogram(values, bins)[0] / len(values)
        axes.stairs(shares, bins, fill=True, color=colour, alpha=0.3)
        axes.stairs(shares, bins, color=colour, linewidth=1.6, label=name)
    axes.set(xlabel=label, ylabel="share of images")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _plot_categories(reference: pd.Series, new: pd.Series) -> Figure:
    sides = zip(NAMES, (reference, new), strict=True)
    shares = pd.DataFrame({name: each.value_counts(normalize=True) for name, each in sides})
    shares = shares.fillna(0)
    shares = shares.loc[shares.max(axis=1).sort_values(ascending=False).index[:MOST_CATEGORIES]][::-1]
    figure, axes = new_figure(width=4.6, height=1 + 0.36 * len(shares))
    places = np.arange(len(shares))
    axes.barh(places + 0.2, shares[NAMES[0]], 0.38, color=REFERENCE_COLOUR, label=NAMES[0])
    axes.barh(places - 0.2, shares[NAMES[1]], 0.38, color=NEW_COLOUR, label=NAMES[1])
    axes.set_yticks(places, [spell(str(category)) for category in shares.index])
    axes.set(xlabel="share of images")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _plot_vectors(reference: NDArray[np.float32], new: NDArray[np.float32]) -> Figure:
    """Draw the two directions in which all embeddings together vary most."""
    joined = np.concatenate([reference, new]).astype(np.float64)
    scaled = (joined - joined.mean(axis=0)) / np.where(joined.std(axis=0) > 0, joined.std(axis=0), 1)
    _, vectors = np.linalg.eigh(scaled.T @ scaled)
    # An eigenvector has no sign of its own.
    directions = vectors[:, :-3:-1]
    directions = directions * np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    points = scaled @ directions
    figure, axes = new_figure(width=4.6, height=3.4)
    sides = (points[: len(reference)], points[len(reference) :])
    for side, colour, name in zip(sides, (REFERENCE_COLOUR, NEW_COLOUR), NAMES, strict=True):
        some = side[np.linspace(0, len(side) - 1, min(len(side), MOST_POINTS)).astype(int)]
        axes.scatter(some[:, 0], some[:, -1], s=7, color=colour, alpha=0.5, linewidths=0, label=name)
    axes.set(xlabel="first principal component", ylabel="second", xticks=[], yticks=[])
    axes.legend(frameon=False, fontsize=8, markerscale=2)
    return figure
