"""Plot and describe precision, recall and F1 of each diagnosis, with their intervals."""

import pandas as pd
from matplotlib.figure import Figure

from lesions.drawing.style import MODEL_COLOURS, MODEL_MARKERS, new_figure, spell
from lesions.formats.json_file import PlotRows
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import WIDTH

SCORES = {"recall": "recall", "precision": "precision", "f1": "F1"}


def build_class_scores_picture(model: str, rows: PlotRows) -> Picture:
    """Build the picture of one model's scores of each diagnosis.

    Parameters
    ----------
    rows
        The rows of the plot `classes`.
    """
    return embed_figure(
        f"Recall, precision and F1, {model}",
        plot_class_scores(rows),
        describe_class_scores(model, rows),
        alt="One line per diagnosis: recall, precision and F1 as marks, and their 95 % intervals as lines.",
    )


def plot_class_scores(rows: PlotRows) -> Figure:
    """Plot recall, precision and F1 of each diagnosis, with lines for the 95 % intervals."""
    table = pd.DataFrame(rows)
    names = sorted(table.diagnosis.unique(), reverse=True)
    figure, axes = new_figure(width=WIDTH, height=1.3 + 0.4 * len(names))
    for (score, words), colour, marker, offset in zip(
        SCORES.items(), MODEL_COLOURS, MODEL_MARKERS, (0.25, 0, -0.25), strict=False
    ):
        part = table[table.score == score]
        heights = [names.index(name) + offset for name in part.diagnosis]
        axes.hlines(heights, part.low, part.high, color=colour, linewidth=1.5)
        axes.plot(part.value, heights, marker, color=colour, markersize=5, label=words)
    axes.set(xlim=(-0.02, 1.02), xlabel="score on test images (0 to 1)")
    axes.set_yticks(range(len(names)), [spell(name) for name in names])
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    return figure


def describe_class_scores(model: str, rows: PlotRows) -> str:
    """Name the diagnosis that is found least often, and the one whose recall is known least."""
    recalls = [row for row in rows if row["score"] == "recall"]
    lowest = min(recalls, key=lambda row: float(row["value"]))
    widest = max(recalls, key=lambda row: float(row["high"] - row["low"]))
    return (
        f"{model} finds {spell(lowest['diagnosis'])} least often: its recall is {lowest['value']:.3f} "
        f"({lowest['low']:.3f} to {lowest['high']:.3f}). The recall of {spell(widest['diagnosis'])} is the least "
        f"known ({widest['support']} images, {widest['low']:.3f} to {widest['high']:.3f}). The lines are 95 % "
        "intervals."
    )
