"""What the report reads of the decisions is checked, and what does not fit is named."""

from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.evaluation.interval import Estimate
from lesions.formats.json_file import write_metrics
from lesions.report.decision_inputs import MalignancyScores, read_malignancy


def estimate(name: str, value: float = 0.5) -> dict[str, float]:
    return {name: value, f"{name}_low": value - 0.1, f"{name}_high": value + 0.1}


DECISIONS = {
    "has_malignant_side": True,
    "threshold": 0.3,
    "threshold_calls_all": False,
    "expected_sensitivity": 0.97,
    "num_val_malignant": 40,
    "num_malignant": 43,
    "num_benign": 183,
    "num_neither": 0,
    "val_sensitivity": 1,  # JSON writes a whole number so
    **estimate("sensitivity"),
    **estimate("sensitivity_with_luck"),
    **estimate("specificity", 0.7),
    **estimate("npv", 0.8),
}


def test_a_score_is_read_with_its_bounds(tmp_path: Path) -> None:
    file = tmp_path / "malignancy.json"
    write_metrics(file, DECISIONS)
    assert read_malignancy(file) == MalignancyScores(
        threshold=0.3,
        threshold_calls_all=False,
        expected_sensitivity=0.97,
        num_val_malignant=40,
        num_malignant=43,
        num_benign=183,
        num_neither=0,
        val_sensitivity=1.0,
        sensitivity=Estimate(0.5, 0.4, 0.6),
        sensitivity_with_luck=Estimate(0.5, 0.4, 0.6),
        specificity=Estimate(0.7, 0.6, 0.8),
        npv=Estimate(0.8, 0.7, 0.9),
    )


def test_without_a_malignant_side_there_are_no_scores(tmp_path: Path) -> None:
    file = tmp_path / "malignancy.json"
    write_metrics(file, {"has_malignant_side": False})
    assert read_malignancy(file) is None


@pytest.mark.parametrize("key", ["sensitivity", "sensitivity_low", "npv_high", "threshold", "has_malignant_side"])
def test_a_missing_bound_is_named_as_in_the_file(tmp_path: Path, key: str) -> None:
    file = tmp_path / "malignancy.json"
    write_metrics(file, {name: value for name, value in DECISIONS.items() if name != key})
    with pytest.raises(InputError, match=rf"malignancy\.json: the key {key} is missing"):
        read_malignancy(file)
