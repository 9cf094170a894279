"""Plot the figures of the report, narrow enough that their labels can be read on a phone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from lesions.drawing.style import MODEL_COLOURS, MODEL_MARKERS, SPLIT_COLOURS, new_figure, spell
from lesions.evaluation.comparison import Comparison
from lesions.evaluation.references import label_model
from lesions.evaluation.scores import count_confusion
from lesions.evaluation.verdict import METRIC_WORDS
from lesions.formats.json_file import PlotRows
from lesions.tables.predictions import Predictions

FEW_CLASSES = 3
"""So few names fit below an axis as they are."""

WIDTH = 4.8
"""Width of a figure in inches."""

BESIDE: dict[str, Any] = {"fontsize": 7, "va": "center"}
"""How a number beside a mark is written."""

SHADES = LinearSegmentedColormap.from_list("shades", [(0, 0.45, 0.7, 0.0), (0, 0.45, 0.7, 0.75)])
"""From nothing to a blue on which dark and light text can be read."""

TITLE_WIDTH = 20
"""Characters on a line of a title above a third of a figure."""


@dataclass(frozen=True)
class ModelStyle:
    """The colour, marker and line of a model in every plot."""

    colour: str
    marker: str
    line: str


def choose_styles(models: Sequence[str]) -> dict[str, ModelStyle]:
    """Choose a style for each model; the first fourteen differ in colour or line, and in colour or marker."""
    K = len(MODEL_COLOURS)
    lines = ("-", "--")
    return {
        model: ModelStyle(MODEL_COLOURS[n % K], MODEL_MARKERS[(n + n // K) % len(MODEL_MARKERS)], lines[n // K % 2])
        for n, model in enumerate(models)
    }


def plot_scores(
    comparison: Comparison, styles: Mapping[str, ModelStyle], *, metric: str, chance: float | None
) -> Figure:
    """Plot one metric of each model with its interval, and the score of chance."""
    figure, axes = new_figure(width=WIDTH, height=0.9 + 0.32 * len(styles))
    for row, (model, style) in enumerate(styles.items()):
        estimate = comparison.scores[model, metric]
        axes.plot([estimate.low, estimate.high], [row, row], color=style.colour, linewidth=2)
        axes.plot(estimate.value, row, style.marker, color=style.colour, markersize=7)
    if chance is not None:
        axes.axvline(chance, color="#888888", linestyle=":")
        axes.annotate("chance", (chance, -0.6), xytext=(3, 0), textcoords="offset points", fontsize=8)
    axes.set(xlim=(0, 1.02), ylim=(len(styles) - 0.5, -0.7), xlabel=f"{METRIC_WORDS[metric]} on test images (0 to 1)")
    axes.set_yticks(range(len(styles)), [label_model(model) for model in styles])
    return figure


def plot_class_balance(shares: PlotRows) -> Figure:
    """Plot the number of images of each diagnosis in each split, and write it beside each mark."""
    table = pd.DataFrame(shares).pivot_table(index="diagnosis", columns="split", values="num_images")
    table = table.loc[table.sum(axis=1).sort_values().index]
    figure, axes = new_figure(width=WIDTH, height=1.1 + 0.45 * len(table))
    # The splits are offset slightly, so that equal values do not hide each other.
    for (split, colour), marker, offset in zip(SPLIT_COLOURS.items(), MODEL_MARKERS, (0.28, 0, -0.28), strict=False):
        heights = np.arange(len(table)) + offset
        axes.plot(table[split], heights, marker, color=colour, label=split)
        for number, height in zip(table[split], heights, strict=True):
            if number > 0:
                axes.annotate(f"{number:,.0f}", (number, height), (6, 0), textcoords="offset points", **BESIDE)
    numbers = table.to_numpy()
    axes.set_xscale("log")
    # Room for the number beside the last mark.
    axes.set_xlim(0.7 * np.nanmin(numbers[numbers > 0]), 2 * np.nanmax(numbers))
    axes.tick_params(axis="x", labelsize=8)
    spans_few_powers = np.nanmax(numbers) < 100 * np.nanmin(numbers)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if spans_few_powers else (1,)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("images (logarithmic)")
    axes.set_yticks(range(len(table)), [spell(name) for name in table.index])
    axes.grid(axis="x", alpha=0.4)
    put_legend_on_top(figure, axes)
    return figure


def plot_training(history: PlotRows, best_epoch: int) -> Figure:
    """Plot one model's loss and macro F1 after each epoch."""
    table = pd.DataFrame(history)
    figure = Figure(figsize=(WIDTH, 2.5), layout="constrained")
    for axes, score, words in zip(figure.subplots(1, 2), ("loss", "macro_f1"), ("loss", "macro F1"), strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        for split, line in (("train", "--"), ("val", "-")):
            part = table[table.split == split]
            axes.plot(part.epoch, part[score], line, color=SPLIT_COLOURS[split], label=split)
        axes.axvline(best_epoch, color="#888888", linestyle=":", label="kept epoch")
        axes.set(xlabel="epoch", title=words)
        axes.title.set_fontsize(9)
        axes.xaxis.get_major_locator().set_params(integer=True)
    put_legend_on_top(figure, figure.axes[0])
    return figure


def plot_confusion(predictions: Predictions) -> Figure:
    """Plot the number of images of each true and predicted class; the shade is their share of the true class."""
    K = len(predictions.classes)
    confusion = count_confusion(predictions.y_true, predictions.y_pred, K)
    shares = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    figure = Figure(figsize=(WIDTH, 1.9 + 0.37 * K), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap=SHADES, vmin=0, vmax=1, aspect="auto")
    for true, guess in np.argwhere(confusion):
        axes.text(guess, true, str(confusion[true, guess]), ha="center", va="center", fontsize=9)
    names = [spell(name) for name in predictions.classes]
    slanted: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if K > FEW_CLASSES else {}
    axes.set_xticks(range(K), names, **slanted)
    axes.set_yticks(range(K), names)
    axes.set(xlabel="predicted diagnosis", ylabel="true diagnosis")
    return figure


def plot_f1(rows: PlotRows, styles: Mapping[str, ModelStyle]) -> Figure:
    """Plot the F1 of each diagnosis for all models."""
    table = pd.DataFrame(rows)
    names = sorted(table.diagnosis.unique(), reverse=True)
    figure, axes = new_figure(width=WIDTH, height=1.3 + 0.34 * len(names))
    # The models are offset slightly, so that equal values do not hide each other.
    offsets = np.linspace(0.22, -0.22, len(styles))
    for (model, style), offset in zip(styles.items(), offsets, strict=True):
        part = table[table.model == model]
        heights = [names.index(name) + offset for name in part.diagnosis]
        axes.plot(part.f1, heights, style.marker, color=style.colour, label=label_model(model), markersize=6)
    axes.set(xlim=(-0.02, 1.02), xlabel="F1 on test images (0 to 1)")
    axes.set_yticks(range(len(names)), [spell(name) for name in names])
    axes.set_yticks(np.arange(len(names) - 1) + 0.5, minor=True)
    axes.tick_params(axis="y", which="minor", length=0)
    axes.grid(axis="y", which="minor", alpha=0.4)
    put_legend_on_top(figure, axes)
    return figure


def plot_curves(
    rows: PlotRows,
    styles: Mapping[str, ModelStyle],
    drawn: Sequence[str],
    *,
    x: str,
    y: str,
    words: tuple[str, str],
) -> Figure:
    """Plot one curve per model, in one square per diagnosis.

    Parameters
    ----------
    drawn
        The diagnoses.
    x, y
        Columns of `rows`, with values from 0 to 1.
    words
        The axis labels of the two columns.
    """
    table = pd.DataFrame(rows)
    names = sorted(drawn)
    num_columns = min(3, len(names))
    num_rows = -(-len(names) // num_columns)
    height = 3.4 if len(names) == 1 else 0.9 + 1.5 * num_rows
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    squares = figure.subplots(num_rows, num_columns, sharex=True, sharey=True, squeeze=False).flat
    for axes, name in zip(squares, names, strict=False):
        for model, style in styles.items():
            part = table[(table.model == model) & (table.diagnosis == name)].sort_values("step")
            axes.plot(part[x], part[y], style.line, color=style.colour, linewidth=1.3, label=label_model(model))
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        axes.set_title(fill(spell(name), TITLE_WIDTH), fontsize=8)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    for above, axes in zip(figure.axes[len(names) - num_columns :], figure.axes[len(names) :], strict=False):
        above.tick_params(labelbottom=True)
        axes.set_visible(False)
    figure.supxlabel(words[0], fontsize=9)
    figure.supylabel(words[1], fontsize=9)
    put_legend_on_top(figure, figure.axes[0])
    return figure


def put_legend_on_top(figure: Figure, *shown: Axes) -> None:
    """Put one legend of what is on some axes above all of the figure."""
    entries = [entry for axes in shown for entry in zip(*axes.get_legend_handles_labels(), strict=True)]
    handles, labels = zip(*entries, strict=True)
    # About 60 characters fit on one line; a handle takes the width of five.
    num_columns = max(1, min(3, 60 // (max(map(len, labels)) + 5)))
    figure.legend(handles, labels, loc="outside upper center", ncols=num_columns, frameon=False, fontsize=8)
