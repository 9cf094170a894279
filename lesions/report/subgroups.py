"""Plot and describe the scores on subgroups of the test images."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from lesions.drawing.style import MODEL_COLOURS, new_figure, spell
from lesions.evaluation.verdict import spell_number
from lesions.report.inputs import SubgroupRow, WorstSubgroup
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import WIDTH


def build_subgroup_picture(model: str, subgroups: Sequence[SubgroupRow], worst: WorstSubgroup) -> Picture:
    """Build the picture of one model's scores on each subgroup."""
    return embed_figure(
        f"Subgroups, by {model}", plot_subgroups(subgroups), describe_subgroups(model, subgroups, worst)
    )


def plot_subgroups(subgroups: Sequence[SubgroupRow]) -> Figure:
    """Plot the balanced accuracy of each subgroup with its interval, and mark significant differences."""
    figure, axes = new_figure(width=WIDTH, height=0.9 + 0.26 * len(subgroups))
    for height, row in enumerate(subgroups):
        colour, marker = (MODEL_COLOURS[3], "D") if row.beyond_noise else (MODEL_COLOURS[0], "o")
        axes.plot([row.low, row.high], [height, height], color=colour, linewidth=1.5)
        axes.plot(row.balanced_accuracy, height, marker, color=colour, markersize=5)
    names = [f"{spell(row.subgroup)} ({row.num_images:,})" for row in subgroups]
    axes.set_yticks(range(len(subgroups)), names, fontsize=8)
    axes.set(xlim=(0, 1.02), ylim=(len(subgroups) - 0.5, -0.5), xlabel="balanced accuracy (0 to 1)")
    return figure


def describe_subgroups(model: str, subgroups: Sequence[SubgroupRow], worst: WorstSubgroup) -> str:
    """Describe the subgroup with the lowest score, and the subgroups that differ significantly from the rest."""
    score = worst.worst_balanced_accuracy
    sentence = (
        f"{model} has its lowest balanced accuracy on {spell(worst.worst_subgroup)}: "
        f"{score.value:.3f} ({score.low:.3f} to {score.high:.3f}). Numbers of images are in brackets. "
    )
    leads = [
        f"{spell(row.subgroup)} ({spell_number(row.lead_over_others, signed=True)})"
        for row in subgroups
        if row.beyond_noise and row.lead_over_others is not None
    ]
    if not leads:
        return sentence + f"None of {len(subgroups)} subgroups differs significantly from the other test images."
    return (
        sentence + f"Of {len(subgroups)} subgroups, these differ significantly from the other test images, over the "
        f"classes that both have: {', '.join(leads)}."
    )
