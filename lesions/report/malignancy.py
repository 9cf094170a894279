"""Plot and describe the classification into malignant and benign."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesions.drawing.style import MODEL_COLOURS, new_figure, new_pair
from lesions.evaluation.verdict import spell_bounds, spell_estimate, spell_threshold
from lesions.formats.json_file import PlotRows
from lesions.report.decision_inputs import MalignancyScores
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import WIDTH, put_legend_on_top

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
        f"Malignant or benign, {model}",
        plot_malignancy(roc, net_benefit, scores),
        describe_malignancy(model, scores),
        alt="Left: the ROC curve with the operating point and its 95 % intervals. Right: net benefit by threshold "
        "probability, with its 95 % band, beside calling all or no images malignant; a line is the chosen threshold.",
    )


def build_calibration_picture(model: str, scores: MalignancyScores, curve: PlotRows) -> Picture:
    """Build the picture of the calibration of one model's probability of malignancy.

    Parameters
    ----------
    curve
        The rows of the plot `malignancy_calibration`.
    """
    return embed_figure(
        f"Probability of malignancy, {model}",
        plot_calibration(curve),
        describe_malignant_probabilities(model, scores),
        alt="The share of images that are malignant by their mean probability of malignancy, in bins with 95 % "
        "intervals, beside the diagonal.",
    )


def plot_malignancy(roc: PlotRows, net_benefit: PlotRows, scores: MalignancyScores) -> Figure:
    """Plot both curves; the dot is the operating point with its intervals, and the band that of the net benefit."""
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
        label="operating point",
    )
    left.set(xlabel="1 − specificity", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(0, 1.03))
    _draw_decision_curve(right, pd.DataFrame(net_benefit), scores.threshold)
    put_legend_on_top(figure, left, right)
    return figure


def _draw_decision_curve(axes: Axes, table: pd.DataFrame, threshold: float) -> None:
    for (strategy, line), colour in zip(STRATEGIES.items(), (MODEL_COLOURS[0], "#888888", "#888888"), strict=True):
        part = table[table.strategy == strategy]
        axes.plot(part.threshold, part.net_benefit, line, color=colour, label=strategy)
        if strategy == "the model":
            low, high = (part[bound].astype(float) for bound in ("low", "high"))
            axes.fill_between(part.threshold, low, high, color=colour, alpha=0.2, linewidth=0, label="95 % band")
    axes.axvline(threshold, color=MODEL_COLOURS[3], linewidth=1, label="threshold")
    top = table[table.strategy == "the model"].net_benefit.max()
    axes.set(xlabel="threshold probability", ylabel="net benefit", xlim=(0, 1), ylim=(-0.25 * top, 1.3 * top))


def plot_calibration(curve: PlotRows) -> Figure:
    """Plot the share of malignant images by probability of malignancy, in bins with their intervals."""
    figure, axes = new_figure(width=WIDTH, height=3.2)
    table = pd.DataFrame(curve)
    axes.plot([0, 1], [0, 1], ":", color="#888888", label="perfect")
    axes.errorbar(
        table.probability,
        table.observed,
        yerr=[table.observed - table.low, table.high - table.observed],
        fmt="o-",
        color=MODEL_COLOURS[0],
        markersize=4,
        linewidth=1,
        label="observed, with 95 % intervals",
    )
    axes.set(xlabel="mean probability of malignancy", ylabel="share that is malignant")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    figure.legend(loc="outside upper right", ncols=2, frameon=False, fontsize=8)
    return figure


def describe_malignancy(model: str, scores: MalignancyScores) -> str:
    """Describe the threshold and how sure its sensitivity is, its specificity, PPV and NPV, and the net benefit."""
    sentences = [
        _describe_threshold(model, scores),
        "So it finds all malignant test images, and its specificity is 0."
        if scores.threshold_calls_all
        else f"It finds {spell_estimate(scores.sensitivity)} of the malignant test images; that interval is of this "
        f"threshold. Thresholds found in the same way on other validation images reach "
        f"{spell_bounds(scores.sensitivity_with_luck)}. The specificity is {spell_estimate(scores.specificity)}.",
    ]
    predictive = [
        f"the {name} is {spell_estimate(estimate)}"
        for name, estimate in (("PPV", scores.ppv), ("NPV", scores.npv))
        if estimate is not None
    ]
    if predictive:
        share = scores.num_malignant / (scores.num_malignant + scores.num_benign)
        sentences.append(f"Among test images, of which {share:.1%} are malignant, {' and '.join(predictive)}.")
    if scores.partial_roc_auc is not None:
        sentences.append(
            f"The area under the ROC curve above a sensitivity of 0.8 is {spell_estimate(scores.partial_roc_auc)}; "
            "0.2 is perfect, 0.02 chance."
        )
    if scores.net_benefit_over_all is not None and not scores.threshold_calls_all:
        sentences.append(
            f"At this threshold, the net benefit over calling all malignant is "
            f"{spell_estimate(scores.net_benefit_over_all)}."
        )
    if scores.num_neither:
        sentences.append(f"Left out are {scores.num_neither:,} test images that are neither malignant nor benign.")
    return " ".join(sentences)


def _describe_threshold(model: str, scores: MalignancyScores) -> str:
    if scores.threshold_calls_all:
        return (
            f"{model} calls every image malignant: {scores.num_val_malignant:,} malignant validation images are too "
            "few for a threshold with the sensitivity that was asked for."
        )
    threshold, expected = spell_threshold(scores.threshold), f"{scores.expected_sensitivity:.1%}"
    return (
        f"{model} calls an image malignant if its probability is at least {threshold}. On the validation images that "
        f"chose it, this finds {scores.val_sensitivity:.1%} of {scores.num_val_malignant:,} malignant images; "
        f"{expected} are to be expected of new ones."
    )


def describe_malignant_probabilities(model: str, scores: MalignancyScores) -> str:
    """Describe how the probabilities of malignancy compare with what was observed."""
    parts = [
        f"{name} {spell_estimate(estimate)}"
        for name, estimate in (
            ("observed to expected", scores.observed_to_expected),
            ("calibration intercept", scores.calibration_intercept),
            ("calibration slope", scores.calibration_slope),
        )
        if estimate is not None
    ]
    return (
        f"Probability of malignancy of {model} on test images: {', '.join(parts)}. They are 1, 0 and 1 for "
        "probabilities that are right. A slope below 1 means probabilities that are too extreme. With another share "
        "of malignant images, calibration differs."
    )
