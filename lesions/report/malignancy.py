"""Plot and describe the classification into malignant and benign."""

import pandas as pd
from matplotlib.figure import Figure

from lesions.drawing.style import MODEL_COLOURS, new_pair
from lesions.evaluation.interval import Estimate
from lesions.formats.json_file import PlotRows
from lesions.report.inputs import MalignancyScores
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import WIDTH

STRATEGIES = {"the model": "-", "call all malignant": "--", "call none malignant": ":"}


def build_malignancy_picture(
    model: str, scores: MalignancyScores, *, roc: PlotRows, net_benefit: PlotRows
) -> Picture:
    """Build the picture of one model's ROC curve for malignancy with its operating point, and of its decision curve.

    Parameters
    ----------
    roc, net_benefit
        The rows of the plots `malignancy_roc` and `net_benefit`.
    """
    return embed_figure(
        f"Malignant or benign, by {model}",
        plot_malignancy(roc, net_benefit, scores),
        describe_malignancy(model, scores),
    )


def plot_malignancy(roc: PlotRows, net_benefit: PlotRows, scores: MalignancyScores) -> Figure:
    """Plot both curves; the dot is the operating point with its intervals."""
    figure, left, right = new_pair(width=WIDTH, height=2.7)
    curve = pd.DataFrame(roc)
    left.plot(curve.false_positive_rate, curve.sensitivity, color=MODEL_COLOURS[0])
    sensitivity, specificity = scores.sensitivity, scores.specificity
    left.errorbar(
        1 - specificity.value,
        sensitivity.value,
        xerr=[[specificity.high - specificity.value], [specificity.value - specificity.low]],
        yerr=[[sensitivity.value - sensitivity.low], [sensitivity.high - sensitivity.value]],
        fmt="o",
        color=MODEL_COLOURS[3],
        markersize=4,
    )
    left.set(xlabel="1 − specificity", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(0, 1.03))
    table = pd.DataFrame(net_benefit)
    for (strategy, line), colour in zip(STRATEGIES.items(), (MODEL_COLOURS[0], "#888888", "#888888"), strict=True):
        part = table[table.strategy == strategy]
        right.plot(part.threshold, part.net_benefit, line, color=colour, label=strategy)
    right.axvline(scores.threshold, color=MODEL_COLOURS[3], linewidth=1)
    top = table[table.strategy == "the model"].net_benefit.max()
    right.set(xlabel="threshold probability", ylabel="net benefit", xlim=(0, 1), ylim=(-0.25 * top, 1.1 * top))
    figure.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=3, frameon=False, fontsize=8)
    return figure


def describe_malignancy(model: str, scores: MalignancyScores) -> str:
    """Describe the threshold, and its sensitivity, specificity, PPV and NPV on the test images."""
    sentence = (
        f"{model} calls an image malignant if its probability is at least {scores.threshold:.3f}, which gives a "
        f"sensitivity of {scores.val_sensitivity:.1%} on validation. On test its sensitivity is "
        f"{_spell_estimate(scores.sensitivity)} and its specificity {_spell_estimate(scores.specificity)}."
    )
    predictive = [
        f"its {name} is {_spell_estimate(estimate)}"
        for name, estimate in (("PPV", scores.ppv), ("NPV", scores.npv))
        if estimate is not None
    ]
    if scores.num_neither:
        sentence += f" Left out are {scores.num_neither:,} test images that are neither malignant nor benign."
    return f"{sentence} With the share of malignant ones among the test images, {' and '.join(predictive)}."


def _spell_estimate(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
