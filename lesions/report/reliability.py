"""The report on probabilities: do they mean what they say, and what not answering gains."""

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
    """Draw one model's reliability, and its errors by how many images it answers.

    Parameters
    ----------
    bins, risks
        The rows of the plots `reliability` and `risk`.
    scores, before
        The scores of the test images, and those before calibration.
    """
    sentence = describe_reliability(model, risks, scores=scores, before=before)
    return embed_figure(f"Probabilities of {model}", plot_reliability(bins, risks), sentence)


def plot_reliability(bins: PlotRows, risks: PlotRows) -> Figure:
    """Draw which part of the answers of about one probability is right, and what part is wrong of the surest."""
    figure, left, right = new_pair(width=WIDTH, height=2.7)
    table = pd.DataFrame(bins)
    left.plot([0, 1], [0, 1], ":", color="#888888")
    for name, colour, marker in zip(
        ("as predicted", "calibrated"), MODEL_COLOURS[1::-1], MODEL_MARKERS, strict=False
    ):
        part = table[table.probabilities == name]
        left.plot(part.confidence, part.accuracy, f"{marker}-", color=colour, markersize=4, linewidth=1, label=name)
    left.set(xlabel="probability of the answer", ylabel="part that is right", xlim=(0, 1.02), ylim=(0, 1.02))
    curve = pd.DataFrame(risks)
    right.plot(curve.coverage, curve.risk, color=MODEL_COLOURS[0])
    right.set(xlabel="part answered, surest first", ylabel="part of answers wrong", xlim=(0, 1.02))
    right.set_ylim(bottom=0)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=2, frameon=False, fontsize=8)
    return figure


def describe_reliability(
    model: str, risks: PlotRows, *, scores: ReliabilityScores, before: UncalibratedScores
) -> str:
    """Say how far probabilities are from what happens, before and after calibration, and how sure answers do."""
    coverage, risk = (np.array([row[key] for row in risks]) for key in ("coverage", "risk"))
    half = risk[np.abs(coverage - 0.5).argmin()]
    return (
        f"A probability of {model} is on average {scores.expected_calibration_error:.3f} from the part that is "
        f"right, and was {before.test_expected_calibration_error:.3f} from it before calibration on validation "
        f"(negative log-likelihood {scores.log_loss:.3f}, before {before.test_log_loss:.3f}). "
        f"Of all answers {risk[-1]:.1%} are wrong, of the surer half {half:.1%}."
    )
