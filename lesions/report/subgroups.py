"""The report on parts of the test images."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from lesions.drawing.style import MODEL_COLOURS, new_figure, spell
from lesions.evaluation.verdict import spell_number
from lesions.report.inputs import SubgroupRow, WorstSubgroup
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import WIDTH


def build_subgroup_picture(model: str, subgroups: Sequence[SubgroupRow], worst: WorstSubgroup) -> Picture:
    """Draw how one model does on each subgroup."""
    return embed_figure(
        f"Subgroups, by {model}", plot_subgroups(subgroups), describe_subgroups(model, subgroups, worst)
    )


def plot_subgroups(subgroups: Sequence[SubgroupRow]) -> Figure:
    """Draw the balanced accuracy of each subgroup with its interval; those told from the others are marked."""
    figure, axes = new_figure(width=WIDTH, height=0.9 + 0.26 * len(subgroups))
    for place, row in enumerate(subgroups):
        colour, marker = (MODEL_COLOURS[3], "D") if row.beyond_noise else (MODEL_COLOURS[0], "o")
        axes.plot([row.low, row.high], [place, place], color=colour, linewidth=1.5)
        axes.plot(row.balanced_accuracy, place, marker, color=colour, markersize=5)
    names = [f"{spell(row.subgroup)} ({row.num_images:,})" for row in subgroups]
    axes.set_yticks(range(len(subgroups)), names, fontsize=8)
    axes.set(xlim=(0, 1.02), ylim=(len(subgroups) - 0.5, -0.5), xlabel="balanced accuracy (0 to 1)")
    return figure


def describe_subgroups(model: str, subgroups: Sequence[SubgroupRow], worst: WorstSubgroup) -> str:
    """Say on which subgroup a model does worst, and which it can be told to do better or worse on."""
    score = worst.worst_balanced_accuracy
    sentence = (
        f"{model} does worst on {spell(worst.worst_subgroup)}: balanced accuracy "
        f"{score.value:.3f} ({score.low:.3f} to {score.high:.3f}). Numbers of images are in brackets. "
    )
    leads = [
        f"{spell(row.subgroup)} ({spell_number(row.lead_over_others, signed=True)})"
        for row in subgroups
        if row.beyond_noise and row.lead_over_others is not None
    ]
    if not leads:
        return sentence + f"None of {len(subgroups)} subgroups can be told from the other test images beyond noise."
    return (
        sentence
        + f"Of {len(subgroups)} subgroups these differ from the other test images beyond noise, over the classes "
        f"that both have: {', '.join(leads)}."
    )
