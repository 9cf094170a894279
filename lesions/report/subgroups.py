"""Plot and describe the scores on subgroups of the test images."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from lesions.drawing.style import MODEL_COLOURS, new_figure, spell
from lesions.evaluation.verdict import spell_number
from lesions.formats.json_file import PlotRows
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import WIDTH


def build_subgroup_picture(model: str, subgroups: PlotRows, summary: Mapping[str, Any]) -> Picture:
    """Build the picture of one model's scores on each subgroup.

    Parameters
    ----------
    subgroups
        The rows of the plot `subgroups`.
    summary
        The content of `metrics/<model>/subgroups.json`.
    """
    return embed_figure(
        f"Subgroups, by {model}", plot_subgroups(subgroups), describe_subgroups(model, subgroups, summary)
    )


def plot_subgroups(subgroups: PlotRows) -> Figure:
    """Plot the balanced accuracy of each subgroup with its interval, and mark significant differences."""
    figure, axes = new_figure(width=WIDTH, height=0.9 + 0.26 * len(subgroups))
    for height, row in enumerate(subgroups):
        colour, marker = (MODEL_COLOURS[3], "D") if row["beyond_noise"] else (MODEL_COLOURS[0], "o")
        axes.plot([row["low"], row["high"]], [height, height], color=colour, linewidth=1.5)
        axes.plot(row["balanced_accuracy"], height, marker, color=colour, markersize=5)
    names = [f"{spell(row['subgroup'])} ({row['num_images']:,})" for row in subgroups]
    axes.set_yticks(range(len(subgroups)), names, fontsize=8)
    axes.set(xlim=(0, 1.02), ylim=(len(subgroups) - 0.5, -0.5), xlabel="balanced accuracy (0 to 1)")
    return figure


def describe_subgroups(model: str, subgroups: PlotRows, summary: Mapping[str, Any]) -> str:
    """Describe the subgroup with the lowest score, and the subgroups that differ significantly from the rest."""
    marked = [row for row in subgroups if row["beyond_noise"]]
    sentence = (
        f"{model} has its lowest balanced accuracy on {spell(summary['worst_subgroup'])}: "
        f"{summary['worst_balanced_accuracy']:.3f} ({summary['worst_balanced_accuracy_low']:.3f} to "
        f"{summary['worst_balanced_accuracy_high']:.3f}). Numbers of images are in brackets. "
    )
    if not marked:
        return sentence + f"None of {len(subgroups)} subgroups differs significantly from the other test images."
    leads = ", ".join(
        f"{spell(row['subgroup'])} ({spell_number(row['lead_over_others'], signed=True)})" for row in marked
    )
    return (
        sentence + f"Of {len(subgroups)} subgroups, these differ significantly from the other test images, over the "
        f"classes that both have: {leads}."
    )
