"""What the report says of probabilities agrees with values worked by hand."""

import numpy as np
import pytest

from lesions.evaluation.interval import Estimate, leave_unbounded
from lesions.report.inputs import CalibrationSummary, ReliabilityScores
from lesions.report.reliability import (
    describe_reliability,
    list_frequencies,
    list_probability_scores,
    plot_reliability,
)
from tests.runs import build_predictions

SCORES = ReliabilityScores(
    log_loss=Estimate(0.5, 0.4, 0.7),
    brier_score=leave_unbounded(0.0),
    expected_calibration_error=0.061,
    expected_calibration_error_by_chance=Estimate(0.062, 0.036, 0.088),
)
RISKS = [{"coverage": c, "risk": r, "low": r / 2, "high": 2 * r} for c, r in ((0.25, 0.0), (0.6, 0.1), (1.0, 0.2))]


def test_the_calibration_error_stands_beside_what_calibrated_probabilities_would_print() -> None:
    sentence = describe_reliability("net", RISKS, SCORES)
    assert "of net is 0.061, where calibrated probabilities would print 0.036 to 0.088 by chance" in sentence
    assert "20.0% (10.0% to 40.0%) on all images, and 10.0% (5.0% to 20.0%) on the 60% whose called" in sentence


def test_proper_scores_lead_and_of_one_without_bounds_it_is_said_that_they_are_not_known() -> None:
    before = CalibrationSummary(
        method="prior_and_temperature", shifts_prior=True, test_log_loss_before=0.9, test_brier_score_before=0.4
    )
    (row,) = list_probability_scores({"net": SCORES}, {"net": before})
    assert [*row] == [
        "model", "log loss", "Brier score", "calibration", "both before calibration", "calibration error",
        "if calibrated",
    ]  # fmt: skip
    assert [*row.values()] == [
        "net", "0.500 (0.400 to 0.700)", "0.000 (95 % interval not known)", "prior and temperature", "0.900, 0.400",
        "0.061", "0.036 to 0.088",
    ]  # fmt: skip


def test_a_diagnosis_that_is_promised_six_times_as_often_as_it_comes_is_seen() -> None:
    y_true = np.array([0] + [1] * 49 + [2] * 50)
    logits = np.log(np.tile([0.06, 0.44, 0.5], (100, 1)))
    first, *_ = list_frequencies({"net": build_predictions(y_true, logits, range(100))})
    assert first["diagnosis"] == "melanoma"
    assert first["share of test images"].startswith("0.010 (0.000 to 0.05")
    assert first["mean probability by net"] == "0.060"


def test_the_band_and_the_bins_are_drawn_at_their_values() -> None:
    bins = [
        {"probabilities": "calibrated", "confidence": 0.6, "accuracy": 0.5, "low": 0.4, "high": 0.8},
        {"probabilities": "as predicted", "confidence": 0.9, "accuracy": 0.7},
    ]
    left, right = plot_reliability(bins, RISKS).axes
    (segment,) = left.collections[0].get_segments()  # type: ignore[attr-defined]
    assert segment.tolist() == [[0.6, 0.4], [0.6, 0.8]]
    assert [line.get_xydata().tolist() for line in left.lines[1:]] == [[[0.9, 0.7]], [[0.6, 0.5]]]  # type: ignore[union-attr]
    assert right.lines[0].get_ydata() == pytest.approx([0, 0.1, 0.2])
    assert right.get_ylim() == pytest.approx((0, 0.3))
