"""Tabulate and describe the prediction sets of the models."""

from collections.abc import Sequence
from typing import Any

from lesions.drawing.style import spell
from lesions.evaluation.class_rules import OWN_GROUPS
from lesions.evaluation.interval import Estimate
from lesions.evaluation.verdict import spell_estimate
from lesions.report.names import ReportedModel
from lesions.report.summary import Summary, read_rows, read_summary


class SetSummary(Summary):
    """What `metrics/<model>/sets.json` says of the prediction sets of test images."""

    confidence: float
    mean_size: float
    coverage: Estimate
    single: Estimate
    empty: Estimate


class SetRow(Summary):
    """A row of `plots/<model>/sets.json`."""

    diagnosis: str
    calibrated_with: str


def describe_sets(paths: Sequence[ReportedModel]) -> dict[str, Any]:
    """Return the table of all models' prediction sets, and what their guarantee is for."""
    summaries = {one.name: read_summary(one.metrics_file("sets"), SetSummary) for one in paths}
    rows = read_rows(paths[0].plot_file("sets"), SetRow)
    return {
        "sets": [
            {
                "model": model,
                "true class in the set": spell_estimate(summary.coverage),
                "classes in a set": f"{summary.mean_size:.2f}",
                "sets of one class": spell_estimate(summary.single),
                "empty sets": spell_estimate(summary.empty),
            }
            for model, summary in summaries.items()
        ],
        "sets_sentence": describe_guarantee(next(iter(summaries.values())).confidence, rows),
    }


def describe_guarantee(confidence: float, rows: Sequence[SetRow]) -> str:
    """Say for which images a set holds the true class as often as asked."""
    start = f"A set is to hold the true class of {confidence:.0%} of images"
    alone = [row for row in rows if row.calibrated_with == OWN_GROUPS]
    shared = ", ".join(f"{spell(row.diagnosis)}" for row in rows if row not in alone)
    end = "The guarantee is for an image drawn at random from a new group; one image of each group calibrates."
    if not shared:
        return f"{start} of each diagnosis. {end}"
    return (
        f"{start}, and of each diagnosis but {shared}: validation has too few groups of these, and all groups "
        f"calibrate them together. {end}"
    )
