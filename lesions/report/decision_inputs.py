"""What the report reads of the decisions: malignant or benign at a threshold, and each diagnosis against the rest."""

from pathlib import Path
from typing import Literal

from lesions.evaluation.interval import Estimate
from lesions.formats.json_file import read_json
from lesions.report.inputs import read_sources
from lesions.report.summary import Summary, validate


class MalignancyScores(Summary):
    """What `metrics/<model>/malignancy.json` says if the task has a malignant side."""

    threshold: float
    threshold_calls_all: bool
    expected_sensitivity: float
    val_sensitivity: float
    num_val_malignant: int
    num_malignant: int
    num_benign: int
    num_neither: int
    sensitivity: Estimate
    sensitivity_with_luck: Estimate
    specificity: Estimate
    ppv: Estimate | None = None
    npv: Estimate | None = None
    partial_roc_auc: Estimate | None = None
    net_benefit_over_all: Estimate | None = None
    observed_to_expected: Estimate | None = None
    calibration_intercept: Estimate | None = None
    calibration_slope: Estimate | None = None


class Counts2x2(Summary):
    """The four counts of a 2 x 2 table, with sensitivity and specificity; those are None if undefined."""

    num_true_positive: int
    num_false_negative: int
    num_false_positive: int
    num_true_negative: int
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None


class DecisionRow(Counts2x2):
    """A row of `plots/<model>/decisions.json`."""

    called: str
    rule: Literal["threshold", "class"]
    unit: Literal["image", "confirmed image", "lesion", "patient"]
    num_conflicting: int
    num_images_without: int
    ppv: Estimate | None = None
    npv: Estimate | None = None


class PredictiveRow(Summary):
    """A row of `plots/<model>/predictive_values.json`."""

    score: Literal["ppv", "npv"]
    prevalence: float
    of_test: bool
    value: float
    low: float
    high: float


class ExternalDecisions(Counts2x2):
    """What `metrics/<model>/malignancy_external.json` says of one other dataset."""

    observed_to_expected: Estimate | None = None
    calibration_intercept: Estimate | None = None
    calibration_slope: Estimate | None = None


def read_malignancy(path: Path) -> MalignancyScores | None:
    """Read `metrics/<model>/malignancy.json`; None if the task has no malignant side."""
    found = read_json(path)
    return (
        validate(path, found, MalignancyScores) if validate(path, found, _MalignantSide).has_malignant_side else None
    )


def read_external_decisions(path: Path) -> dict[str, ExternalDecisions]:
    """Read `metrics/<model>/malignancy_external.json`: the decisions on each other dataset, by its name."""
    return read_sources(path, ExternalDecisions)


class _MalignantSide(Summary):
    has_malignant_side: bool
