"""The report on calling lesions malignant."""

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
    """Draw one model's ROC curve for malignancy with its operating point, and its decision curve.

    Parameters
    ----------
    roc, net_benefit
        The rows of the plots `malignancy_roc` and `net_benefit`.
    """
    return embed_figure(
        f"Malignant or not, by {model}", plot_malignancy(roc, net_benefit, scores), describe_malignancy(model, scores)
    )


def plot_malignancy(roc: PlotRows, net_benefit: PlotRows, scores: MalignancyScores) -> Figure:
    """Draw both curves; the cross is the operating point with its intervals."""
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
    """Say where the threshold lies, and what it does on the test images."""
    sentence = (
        f"From a probability of {scores.threshold:.3f} on, which found {scores.val_sensitivity:.1%} of the "
        f"malignant lesions of the validation images, {model} calls a lesion malignant. On test its sensitivity is "
        f"{_spell(scores.sensitivity)} and its specificity {_spell(scores.specificity)}."
    )
    predictive = {
        "of the lesions that it calls malignant {} are": scores.ppv,
        "of the others {} are benign": scores.npv,
    }
    parts = [words.format(_spell(found)) for words, found in predictive.items() if found is not None]
    return f"{sentence} Among as many malignant lesions as here, {', and '.join(parts)}."


def _spell(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
