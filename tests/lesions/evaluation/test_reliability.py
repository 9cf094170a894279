"""Scores of probabilities agree with scikit-learn, torchmetrics and hand-worked values."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.metrics import brier_score_loss, log_loss
from torchmetrics.functional.classification import multiclass_calibration_error

from lesions.evaluation.reliability import list_bins, list_risk_by_coverage, score_reliability
from tests.runs import build_predictions


def test_log_loss_and_brier_score_are_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    y_true, logits = generator.integers(4, size=200), generator.normal(size=(200, 4))
    scores = score_reliability(y_true, logits)
    y_prob = softmax(logits, axis=1)
    assert scores["log_loss"] == pytest.approx(log_loss(y_true, y_prob))
    assert scores["brier_score"] == pytest.approx(brier_score_loss(y_true, y_prob, scale_by_half=False))


def test_the_calibration_error_equals_torchmetrics_if_bins_of_equal_width_are_equally_full() -> None:
    """150 confidences are spaced evenly from 0 to 1, so that both kinds of bins are the same 15.

    3,000 further classes share the rest of the probability.
    """
    generator = np.random.default_rng(0)
    confidence = (np.arange(150) + 0.5) / 150
    rest = np.tile((1 - confidence)[:, None] / 3000, (1, 3000))
    y_prob = np.concatenate([confidence[:, None], rest], axis=1)
    y_true = np.where(generator.random(150) < confidence**2, 0, 1)
    expected = multiclass_calibration_error(
        torch.tensor(y_prob), torch.tensor(y_true), num_classes=3001, n_bins=15, norm="l1"
    )
    error = score_reliability(y_true, np.log(y_prob))["expected_calibration_error"]
    assert error == pytest.approx(expected.item(), abs=1e-6)
    assert error > 0.1


def test_bins_agree_with_values_worked_by_hand() -> None:
    """16 images are in 15 bins: the two of lowest confidence share the first bin."""
    confidence = np.linspace(0.6, 0.9, 16)
    y_prob = np.stack([confidence, 1 - confidence], axis=1)
    y_true = np.array([1] + [0] * 15)
    first, *others = list_bins(y_true, y_prob)
    assert first == pytest.approx((2, 0.61, 0.5))
    assert [other.num_images for other in others] == [1] * 14
    assert others[-1] == pytest.approx((1, 0.9, 1))
    error = score_reliability(y_true, np.log(y_prob))["expected_calibration_error"]
    assert error == pytest.approx((2 * (0.61 - 0.5) + (1 - confidence[2:]).sum()) / 16)


def test_risk_by_coverage_agrees_with_values_worked_by_hand() -> None:
    """From the highest confidence down, the predictions are right, wrong, right, right."""
    logits = np.array([[4.0, 0, 0], [3.0, 0, 0], [0, 2.0, 0], [0, 0, 1.0]])
    rows = list(list_risk_by_coverage(build_predictions(np.array([0, 1, 1, 2]), logits)))
    assert [(row["coverage"], row["risk"]) for row in rows] == [(0.25, 0), (0.5, 0.5), (0.75, 1 / 3), (1, 0.25)]
