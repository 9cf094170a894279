"""Plot and describe the scores on subgroups of the test images."""

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lesions.drawing.style import MODEL_COLOURS, spell
from lesions.evaluation.interval import Estimate
from lesions.evaluation.verdict import spell_bounds, spell_number
from lesions.report.inputs import LowestSubgroup, SubgroupRow
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import WIDTH

Whole = tuple[float | None, float | None]
"""Balanced accuracy and sensitivity on all test images; None where there is none."""

LEGEND = [
    Line2D([], [], color=MODEL_COLOURS[0], marker="o", markersize=5, label="score and 95 % interval"),
    Line2D([], [], color=MODEL_COLOURS[3], marker="D", markersize=5, label="differs significantly"),
    Line2D([], [], color="#888888", linestyle="--", linewidth=1, label="all test images"),
]

MAX_NAME = 28
"""Characters of a subgroup's name on one line."""


def build_subgroup_picture(
    model: str, subgroups: Sequence[SubgroupRow], lowest: LowestSubgroup, whole: Whole
) -> Picture:
    """Build the picture of one model's scores on each subgroup."""
    return embed_figure(
        f"Subgroups, {model}",
        plot_subgroups(subgroups, whole),
        describe_subgroups(model, subgroups, lowest),
        alt="A forest plot: one line per subgroup, with balanced accuracy and sensitivity as marks and 95 % "
        "intervals as lines, beside dashed lines for all test images. Those that differ significantly are diamonds.",
    )


def plot_subgroups(subgroups: Sequence[SubgroupRow], whole: Whole) -> Figure:
    """Plot the balanced accuracy and, where there is any, the sensitivity of each subgroup, and mark differences."""
    has_sensitivity = any(row.sensitivity for row in subgroups)
    figure = Figure(figsize=(WIDTH, 1.4 + 0.26 * len(subgroups)), layout="constrained")
    left, *right = figure.subplots(1, 2 if has_sensitivity else 1, sharey=True, squeeze=False)[0]
    for height, row in enumerate(subgroups):
        score = Estimate(row.balanced_accuracy, row.low, row.high)
        _draw_estimate(left, height, score, is_beyond_noise=row.beyond_noise)
        if row.sensitivity:
            _draw_estimate(right[0], height, row.sensitivity, is_beyond_noise=bool(row.sensitivity_beyond_noise))
    for axes, words, of_all in zip((left, *right), ("balanced\naccuracy", "sensitivity"), whole, strict=False):
        if of_all is not None:
            axes.axvline(of_all, color="#888888", linestyle="--", linewidth=1)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set(xlim=(-0.06, 1.06), ylim=(len(subgroups) - 0.5, -0.5))
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.set_xlabel(words, fontsize=9)
        axes.tick_params(labelsize=8)
    # A value may have dollar signs, which are no formula.
    left.set_ylabel("subgroup (number of images)", fontsize=9)
    left.set_yticks(range(len(subgroups)), list(map(_spell_name, subgroups)), parse_math=False)
    figure.legend(handles=LEGEND, loc="outside upper right", ncols=2, frameon=False, fontsize=8)
    return figure


def _spell_name(row: SubgroupRow) -> str:
    """Return a subgroup and its number of images, on two lines or cut if it would leave no room for the scores."""
    name, number = spell(row.subgroup), f" ({row.num_images:,})"
    if len(name + number) <= MAX_NAME:
        return name + number
    attribute, _, value = name.partition(": ")
    room = MAX_NAME - len(number)
    return f"{attribute}:\n{value if len(value) <= room else f'{value[: room - 1]}…'}{number}"


def _draw_estimate(axes: Axes, height: float, score: Estimate, *, is_beyond_noise: bool) -> None:
    colour, marker = (MODEL_COLOURS[3], "D") if is_beyond_noise else (MODEL_COLOURS[0], "o")
    axes.plot([score.low, score.high], [height, height], color=colour, linewidth=1.5)
    axes.plot(score.value, height, marker, color=colour, markersize=5)


def describe_subgroups(model: str, subgroups: Sequence[SubgroupRow], lowest: LowestSubgroup) -> str:
    """Say which subgroups differ significantly from the rest, and how low the lowest score is by chance."""
    return " ".join(
        [
            _describe_accuracies(model, subgroups),
            *_describe_left_out(lowest),
            *_describe_sensitivities(subgroups, lowest),
            _describe_lowest(len(subgroups), lowest),
        ]
    )


def _describe_accuracies(model: str, subgroups: Sequence[SubgroupRow]) -> str:
    leads = [
        f"{spell(row.subgroup)} ({spell_number(row.lead_over_others, signed=True)}; with each class weighted by its "
        f"groups, {spell_number(row.weighted_lead_over_others, signed=True)})"
        for row in subgroups
        if row.beyond_noise and row.lead_over_others is not None and row.weighted_lead_over_others is not None
    ]
    if not leads:
        return (
            f"On none of {len(subgroups)} subgroups is {model} significantly better or worse than on the other test "
            "images."
        )
    return (
        f"On these of {len(subgroups)} subgroups {model} is significantly better or worse than on the other test "
        f"images, by its recall over the classes that both have: {', '.join(leads)}."
    )


def _describe_left_out(lowest: LowestSubgroup) -> Iterator[str]:
    if lowest.num_subgroups_left_out:
        yield (
            f"{lowest.num_subgroups_left_out} more subgroups have too few patients or lesions, and are not scored "
            "(evaluation.min_subgroup_groups)."
        )


def _describe_sensitivities(subgroups: Sequence[SubgroupRow], lowest: LowestSubgroup) -> Iterator[str]:
    if lowest.num_sensitivities is None or lowest.num_sensitivities_left_out is None:
        yield "There is no threshold for malignancy, and so no sensitivity."
        return
    leads = [
        f"{spell(row.subgroup)} ({spell_number(row.sensitivity_lead_over_others, signed=True)})"
        for row in subgroups
        if row.sensitivity_beyond_noise and row.sensitivity_lead_over_others is not None
    ]
    if leads:
        yield f"Its sensitivity at the threshold for malignancy differs significantly on {', '.join(leads)}."
    elif lowest.num_sensitivities:
        yield (
            f"Its sensitivity at the threshold for malignancy differs significantly on none of "
            f"{lowest.num_sensitivities}."
        )
    if lowest.num_sensitivities_left_out:
        yield (
            f"{lowest.num_sensitivities_left_out} subgroups have too few malignant patients or lesions for a "
            "sensitivity (evaluation.min_malignant_groups)."
        )


def _describe_lowest(num_subgroups: int, lowest: LowestSubgroup) -> str:
    score = lowest.lowest_balanced_accuracy
    return (
        f"The lowest balanced accuracy of {num_subgroups} subgroups is {score.value:.3f} ({spell_bounds(score)}), on "
        f"{spell(lowest.lowest_balanced_accuracy_subgroup)}; if none differed, the lowest of so many would be about "
        f"{lowest.lowest_balanced_accuracy_by_chance:.3f}."
    )
