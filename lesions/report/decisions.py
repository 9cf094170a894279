"""Build the report's tables of decisions, as texts."""

from collections.abc import Mapping, Sequence
from typing import Any

from lesions.drawing.style import spell
from lesions.report.cells import Cell, spell_cell
from lesions.report.decision_inputs import (
    DecisionRow,
    ExternalDecisions,
    read_external_decisions,
)
from lesions.report.names import ReportedModel
from lesions.report.summary import read_rows

UNITS = {
    "image": "images",
    "confirmed image": "confirmed images",
    "lesion": "lesions",
    "patient": "patients",
}
"""The words for the units of `decisions.json`, in the order of the table."""


def build_decision_tables(paths: Sequence[ReportedModel]) -> dict[str, Any]:
    """Read the decisions of all models, and return their tables: by unit, by prevalence, and on other datasets."""
    decisions = {one.name: read_rows(one.plot_file("decisions"), DecisionRow) for one in paths}
    listed = [(row, model) for model, rows in decisions.items() for row in rows]
    return {
        "malignancy": [describe_decision(row, model) for row, model in listed if row.rule == "threshold"],
        "called": [
            {"diagnosis": spell(row.called), **describe_decision(row, model)}
            for row, model in listed
            if row.rule == "class"
        ],
        "left_out": describe_left_out(decisions[paths[0].name]),
        "units_called": [words for unit, words in UNITS.items() if any(row.unit == unit for row, _ in listed)],
        "external_decisions": [
            row
            for one in paths
            for row in list_external_decisions(
                one.name, read_external_decisions(one.metrics_file("malignancy_external"))
            )
        ],
    }


def describe_decision(row: DecisionRow, model: str) -> dict[str, str | Cell]:
    """Return the 2 x 2 counts of a class and unit, and sensitivity, specificity, PPV and NPV with intervals."""
    return {
        "model": model,
        "per": UNITS[row.unit],
        "found": f"{row.num_true_positive:,} of {row.num_true_positive + row.num_false_negative:,}",
        "false alarms": f"{row.num_false_positive:,} of {row.num_false_positive + row.num_true_negative:,}",
        "sensitivity": spell_cell(row.sensitivity),
        "specificity": spell_cell(row.specificity),
        "PPV": spell_cell(row.ppv),
        "NPV": spell_cell(row.npv),
    }


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


def list_external_decisions(model: str, external: Mapping[str, ExternalDecisions]) -> list[dict[str, str | Cell]]:
    """Return one row per other dataset: what the threshold that was chosen at home does there."""
    return [
        {
            "model": model,
            "dataset": source,
            "found": f"{scores.num_true_positive:,} of {scores.num_true_positive + scores.num_false_negative:,}",
            "sensitivity": spell_cell(scores.sensitivity),
            "specificity": spell_cell(scores.specificity),
            "observed to expected": spell_cell(scores.observed_to_expected),
            "calibration intercept": spell_cell(scores.calibration_intercept),
            "slope": spell_cell(scores.calibration_slope),
        }
        for source, scores in external.items()
    ]
