"""Show what probabilities are worth: proper scores, reliability, frequencies, and what abstaining gains."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lesions.drawing.style import MODEL_COLOURS, MODEL_MARKERS, new_pair, spell
from lesions.evaluation.proportions import estimate_proportions
from lesions.evaluation.verdict import spell_bounds, spell_estimate
from lesions.formats.json_file import PlotRows
from lesions.report.inputs import CalibrationSummary, ReliabilityScores
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import WIDTH, put_legend_on_top
from lesions.tables.predictions import Predictions


def build_reliability_picture(model: str, *, bins: PlotRows, risks: PlotRows, scores: ReliabilityScores) -> Picture:
    """Build the picture of one model's reliability diagram, and of its error rate by coverage.

    Parameters
    ----------
    bins, risks
        The rows of the plots `reliability` and `risk`.
    """
    sentence = describe_reliability(model, risks, scores)
    return embed_figure(
        f"Probabilities, {model}",
        plot_reliability(bins, risks),
        sentence,
        alt="Left: the share of correct images by highest probability, calibrated and as predicted, beside the "
        "diagonal. Right: the error rate by the share of images that are answered, with its 95 % band.",
    )


def plot_reliability(bins: PlotRows, risks: PlotRows) -> Figure:
    """Plot the accuracy by probability of the most probable class, and the error rate by coverage."""
    figure, left, right = new_pair(width=WIDTH, height=2.7)
    table = pd.DataFrame(bins)
    left.plot([0, 1], [0, 1], ":", color="#888888", label="perfect")
    for name, colour, marker in zip(
        ("as predicted", "calibrated"), MODEL_COLOURS[1::-1], MODEL_MARKERS, strict=False
    ):
        part = table[table.probabilities == name]
        left.plot(part.confidence, part.accuracy, f"{marker}-", color=colour, markersize=4, linewidth=1, label=name)
    left.vlines(part.confidence, part.low, part.high, color="#888888", alpha=0.4, linewidth=4, label="if calibrated")
    left.set(xlabel="highest probability", ylabel="fraction correct", xlim=(0, 1.02), ylim=(0, 1.02))
    curve = pd.DataFrame(risks)
    right.fill_between(
        curve.coverage, curve.low, curve.high, color=MODEL_COLOURS[2], alpha=0.2, linewidth=0, label="95 % band"
    )
    right.plot(curve.coverage, curve.risk, color=MODEL_COLOURS[2], label="error rate")
    right.set(xlabel="coverage, most confident first", ylabel="error rate", xlim=(0, 1.02))
    right.set_ylim(0, min(1.02, max(0.05, 1.5 * curve.risk.max())))
    put_legend_on_top(figure, left, right)
    return figure


def describe_reliability(model: str, risks: PlotRows, scores: ReliabilityScores) -> str:
    """Describe the calibration error beside what chance gives, and the error rate of the most confident half."""
    half = min(risks, key=lambda row: abs(row["coverage"] - 0.5))
    chance = scores.expected_calibration_error_by_chance
    return (
        f"Left: how often the most probable class is right. The calibration error of {model} is "
        f"{scores.expected_calibration_error:.3f}, where calibrated probabilities would print {spell_bounds(chance)} "
        f"by chance (grey: the same for each bin). Right: the error rate is "
        f"{_spell_risk(risks[-1])} on all images, and {_spell_risk(half)} on the {half['coverage']:.0%} whose called "
        "class has the highest probabilities. The intervals are over groups."
    )


def _spell_risk(row: Mapping[str, Any]) -> str:
    return f"{row['risk']:.1%} ({row['low']:.1%} to {row['high']:.1%})"


def list_probability_scores(
    scores: Mapping[str, ReliabilityScores], calibrations: Mapping[str, CalibrationSummary]
) -> list[dict[str, str]]:
    """Return one row per model: its proper scores after and before calibration, and its calibration error."""
    return [
        {
            "model": model,
            "log loss": spell_estimate(one.log_loss),
            "Brier score": spell_estimate(one.brier_score),
            "calibration": spell(calibrations[model].method),
            "both before calibration": f"{calibrations[model].test_log_loss_before:.3f}, "
            f"{calibrations[model].test_brier_score_before:.3f}",
            "calibration error": f"{one.expected_calibration_error:.3f}",
            "if calibrated": spell_bounds(one.expected_calibration_error_by_chance),
        }
        for model, one in scores.items()
    ]


def list_frequencies(models: Mapping[str, Predictions]) -> list[dict[str, str]]:
    """Return one row per class: its share of the test images, and its mean probability by each model."""
    first = next(iter(models.values()))
    everywhere = np.ones(len(first.y_true), dtype=bool)
    rows = []
    for code, name in enumerate(first.classes):
        (part,) = estimate_proportions(first.y_true == code, [everywhere], first.images.group_id)
        means = {model: f"{predicted.y_prob[:, code].mean():.3f}" for model, predicted in models.items()}
        rows.append(
            {
                "diagnosis": spell(name),
                "share of test images": spell_estimate(part),
                **{f"mean probability by {model}": mean for model, mean in means.items()},
            }
        )
    return rows
