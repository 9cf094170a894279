"""Build the report's tables of decisions, as texts."""

from collections.abc import Mapping, Sequence
from typing import Any

from lesions.drawing.style import spell
from lesions.evaluation.interval import Estimate
from lesions.evaluation.verdict import spell_bounds, spell_number
from lesions.report.decision_inputs import (
    DecisionRow,
    ExternalDecisions,
    PredictiveRow,
    read_external_decisions,
)
from lesions.report.summary import read_rows
from lesions.tables.paths import ModelPaths

Cell = tuple[str, str]
"""A score, and the bounds of its interval."""

UNDEFINED: Cell = ("–", "")

UNITS = {
    "image": "images",
    "confirmed image": "confirmed images",
    "lesion": "lesions",
    "patient": "patients",
}
"""The words for the units of `decisions.json`, in the order of the table."""


def build_decision_tables(paths: Sequence[ModelPaths]) -> dict[str, Any]:
    """Read the decisions of all models, and return their tables: by unit, by prevalence, and on other datasets."""
    decisions = {one.model: read_rows(one.plot_file("decisions"), DecisionRow) for one in paths}
    listed = [row for model, rows in decisions.items() for row in list_decisions(model, rows)]
    return {
        "malignancy": [row for row in listed if row["rule"] == "threshold"],
        "diagnoses": [row for row in listed if row["rule"] == "class"],
        "left_out": describe_left_out(decisions[paths[0].model]),
        "units_called": {row["unit"] for row in listed},
        "predictive_values": [
            row
            for one in paths
            for row in list_predictive_values(one.model, read_rows(one.plot_file("predictive_values"), PredictiveRow))
        ],
        "external_decisions": [
            row
            for one in paths
            for row in list_external_decisions(
                one.model, read_external_decisions(one.metrics_file("malignancy_external"))
            )
        ],
    }


def list_decisions(model: str, rows: Sequence[DecisionRow]) -> list[dict[str, str | Cell]]:
    """Return one row per class and unit: the 2 x 2 counts, sensitivity, specificity, PPV and NPV with intervals."""
    return [
        {
            "model": model,
            "rule": row.rule,
            "called": spell(row.called),
            "unit": UNITS[row.unit],
            "found": f"{row.num_true_positive:,} of {row.num_true_positive + row.num_false_negative:,}",
            "alarms": f"{row.num_false_positive:,} of {row.num_false_positive + row.num_true_negative:,}",
            "sensitivity": _spell(row.sensitivity),
            "specificity": _spell(row.specificity),
            "ppv": _spell(row.ppv),
            "npv": _spell(row.npv),
        }
        for row in rows
    ]


def describe_left_out(rows: Sequence[DecisionRow]) -> list[str]:
    """Say which images and lesions were left out and why, and which patients count several times."""
    sentences: dict[str, None] = {}
    for row in rows:
        kinds, count = ("both kinds", "as malignant") if row.rule == "threshold" else ("several classes", "for each")
        if row.unit == "lesion" and row.num_conflicting:
            sentences[f"Left out are {row.num_conflicting:,} lesions with images of {kinds}."] = None
        if row.unit == "patient" and row.num_conflicting:
            sentences[f"{row.num_conflicting:,} patients have lesions of {kinds}, and count {count}."] = None
        if row.unit in ("lesion", "patient") and row.num_images_without:
            sentences[f"Left out are {row.num_images_without:,} images whose {row.unit} is not known."] = None
    return list(sentences)


def list_predictive_values(model: str, rows: Sequence[PredictiveRow]) -> list[dict[str, str | Cell]]:
    """Return one row per prevalence: PPV and NPV with intervals."""
    at: dict[tuple[float, bool], dict[str, Cell]] = {}
    for row in rows:
        of = at.setdefault((row.prevalence, row.of_test), {"ppv": UNDEFINED, "npv": UNDEFINED})
        of[row.score] = _spell(Estimate(row.value, row.low, row.high))
    return [
        {"model": model, "prevalence": f"{prevalence:.3g}{' (test images)' if of_test else ''}", **values}
        for (prevalence, of_test), values in at.items()
    ]


def list_external_decisions(model: str, external: Mapping[str, ExternalDecisions]) -> list[dict[str, str | Cell]]:
    """Return one row per other dataset: what the threshold that was chosen at home does there."""
    return [
        {
            "model": model,
            "dataset": source,
            "found": f"{scores.num_true_positive:,} of {scores.num_true_positive + scores.num_false_negative:,}",
            "sensitivity": _spell(scores.sensitivity),
            "specificity": _spell(scores.specificity),
            "ratio": _spell(scores.observed_to_expected),
            "intercept": _spell(scores.calibration_intercept),
            "slope": _spell(scores.calibration_slope),
        }
        for source, scores in external.items()
    ]


def _spell(estimate: Estimate | None) -> Cell:
    return (spell_number(estimate.value), spell_bounds(estimate)) if estimate else UNDEFINED
