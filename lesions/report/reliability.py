"""Plot and describe how well probabilities are calibrated, and how abstaining lowers the error rate."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lesions.drawing.style import MODEL_COLOURS, MODEL_MARKERS, new_pair
from lesions.formats.json_file import PlotRows
from lesions.report.inputs import ReliabilityScores, UncalibratedScores
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import WIDTH


def build_reliability_picture(
    model: str, *, bins: PlotRows, risks: PlotRows, scores: ReliabilityScores, before: UncalibratedScores
) -> Picture:
    """Build the picture of one model's reliability diagram, and of its error rate by coverage.

    Parameters
    ----------
    bins, risks
        The rows of the plots `reliability` and `risk`.
    scores, before
        The scores of the test images after and before calibration.
    """
    sentence = describe_reliability(model, risks, scores=scores, before=before)
    return embed_figure(f"Probabilities of {model}", plot_reliability(bins, risks), sentence)


def plot_reliability(bins: PlotRows, risks: PlotRows) -> Figure:
    """Plot the accuracy by probability of the predicted class, and the error rate by coverage."""
    figure, left, right = new_pair(width=WIDTH, height=2.7)
    table = pd.DataFrame(bins)
    left.plot([0, 1], [0, 1], ":", color="#888888")
    for name, colour, marker in zip(
        ("as predicted", "calibrated"), MODEL_COLOURS[1::-1], MODEL_MARKERS, strict=False
    ):
        part = table[table.probabilities == name]
        left.plot(part.confidence, part.accuracy, f"{marker}-", color=colour, markersize=4, linewidth=1, label=name)
    left.set(xlabel="probability of predicted class", ylabel="accuracy", xlim=(0, 1.02), ylim=(0, 1.02))
    curve = pd.DataFrame(risks)
    right.plot(curve.coverage, curve.risk, color=MODEL_COLOURS[0])
    right.set(xlabel="coverage, most confident first", ylabel="error rate", xlim=(0, 1.02))
    right.set_ylim(bottom=0)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=2, frameon=False, fontsize=8)
    return figure


def describe_reliability(
    model: str, risks: PlotRows, *, scores: ReliabilityScores, before: UncalibratedScores
) -> str:
    """Describe the calibration error before and after calibration, and the error rate of the most confident half."""
    coverage, risk = (np.array([row[key] for row in risks]) for key in ("coverage", "risk"))
    half = risk[np.abs(coverage - 0.5).argmin()]
    return (
        f"The expected calibration error of {model} is {scores.expected_calibration_error:.3f}, and was "
        f"{before.test_expected_calibration_error:.3f} before calibration on validation "
        f"(negative log-likelihood {scores.log_loss:.3f}, before {before.test_log_loss:.3f}). "
        f"The error rate is {risk[-1]:.1%} on all images and {half:.1%} on the most confident half."
    )
