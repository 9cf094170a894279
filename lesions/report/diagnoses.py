"""What a clinician reads first: each diagnosis with its intervals, and the operating point for malignancy."""

from collections.abc import Sequence
from typing import Any

from lesions.drawing.style import spell
from lesions.evaluation.interval import Estimate
from lesions.evaluation.mistakes import GRAVEST
from lesions.evaluation.verdict import spell_threshold
from lesions.report.cells import UNDEFINED, Cell, spell_cell
from lesions.report.decision_inputs import DecisionRow, MalignancyScores, PredictiveRow, read_malignancy
from lesions.report.names import ReportedModel
from lesions.report.summary import Summary, read_rows
from lesions.serving.card import CALLS_ALL


class ClassRow(Summary):
    """A row of `plots/<model>/classes.json`."""

    diagnosis: str
    score: str
    value: float
    low: float
    high: float
    num_groups: int


def describe_diagnoses(
    model: ReportedModel, sides: Sequence[bool | None] | None, classes: Sequence[str]
) -> dict[str, Any]:
    """Return one model's table of diagnoses, and its operating point, or None if it has no threshold.

    Parameters
    ----------
    sides
        Whether each class is malignant; None if it is neither, or if the task has no malignant side.
    """
    decisions = read_rows(model.plot_file("decisions"), DecisionRow)
    scores = read_malignancy(model.metrics_file("malignancy"))
    predictive = read_rows(model.plot_file("predictive_values"), PredictiveRow)
    malignant = {name for name, side in zip(classes, sides or (), strict=False) if side}
    return {
        "model": model.name,
        "rows": list_diagnoses(read_rows(model.plot_file("classes"), ClassRow), decisions, malignant),
        "operating": describe_operating_point(scores, decisions, predictive) if scores else None,
    }


def list_diagnoses(
    scores: Sequence[ClassRow], decisions: Sequence[DecisionRow], malignant: set[str]
) -> list[dict[str, str | Cell]]:
    """Return one row per class: its images and groups, and sensitivity, specificity, PPV and ROC AUC with intervals.

    Melanoma is first, then the other malignant classes, then the rest, each by its name.
    """
    groups = {row.diagnosis: row.num_groups for row in scores}
    areas = {row.diagnosis: Estimate(row.value, row.low, row.high) for row in scores if row.score == "roc_auc"}
    of_images = [row for row in decisions if row.rule == "class" and row.unit == "image"]
    ranked = sorted(of_images, key=lambda row: (row.called not in GRAVEST, row.called not in malignant, row.called))
    return [
        {
            "diagnosis": spell(row.called),
            "images": f"{row.num_true_positive + row.num_false_negative:,}",
            "groups": f"{groups.get(row.called, 0):,}",
            "sensitivity": spell_cell(row.sensitivity),
            "specificity": spell_cell(row.specificity),
            "PPV": spell_cell(row.ppv),
            "ROC AUC": spell_cell(areas.get(row.called)),
        }
        for row in ranked
    ]


def describe_operating_point(
    scores: MalignancyScores, decisions: Sequence[DecisionRow], predictive: Sequence[PredictiveRow]
) -> dict[str, Any]:
    """Return the rule in words, the 2 x 2 counts of the test images, the scores, and PPV at each prevalence."""
    row = next(row for row in decisions if row.rule == "threshold" and row.unit == "image")
    return {
        "rule": _describe_rule(scores),
        "counts": row,
        "scores": {
            "sensitivity": spell_cell(row.sensitivity),
            "specificity": spell_cell(row.specificity),
            "PPV": spell_cell(row.ppv),
            "NPV": spell_cell(row.npv),
        },
        "predictive": list_predictive_values(predictive),
    }


def _describe_rule(scores: MalignancyScores) -> str:
    if scores.threshold_calls_all:
        return CALLS_ALL
    threshold, expected = spell_threshold(scores.threshold), f"{scores.expected_sensitivity:.1%}"
    return (
        f"An image is called malignant if its probability is at least {threshold}. Validation chose this threshold, "
        f"for an expected sensitivity of {expected} on new images."
    )


def list_predictive_values(rows: Sequence[PredictiveRow]) -> list[dict[str, str | Cell]]:
    """Return one row per prevalence: PPV and NPV with intervals."""
    at: dict[tuple[float, bool], dict[str, Cell]] = {}
    for row in rows:
        of = at.setdefault((row.prevalence, row.of_test), {"PPV": UNDEFINED, "NPV": UNDEFINED})
        of[row.score.upper()] = spell_cell(Estimate(row.value, row.low, row.high))
    return [
        {"share of malignant images": f"{prevalence:.1%}{', as in these test images' if of_test else ''}", **values}
        for (prevalence, of_test), values in at.items()
    ]
