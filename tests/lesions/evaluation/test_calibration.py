"""Calibration recovers planted scales and shifts, and changes nothing else."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from lesions.errors import InputError
from lesions.evaluation.calibration import fit_calibration
from lesions.evaluation.reliability import compute_log_loss
from lesions.tables.calibrations import Calibration, read_calibration, write_calibration


def draw(N: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw calibrated logits (N, 3), and labels according to their probabilities."""
    generator = np.random.default_rng(0)
    logits = generator.normal(scale=2, size=(N, 3))
    y_true = (softmax(logits, axis=1).cumsum(axis=1) < generator.random((N, 1))).sum(axis=1)
    return logits, y_true


def test_a_planted_temperature_is_recovered() -> None:
    logits, y_true = draw(20_000)
    scale, shift = fit_calibration(3 * logits, y_true, "temperature")
    np.testing.assert_allclose(scale, 1 / 3, rtol=0.03)
    np.testing.assert_array_equal(shift, 0)


def test_planted_scales_and_shifts_are_recovered() -> None:
    logits, y_true = draw(50_000)
    factors, shifts = np.array([2.0, 0.5, 1.0]), np.array([0.5, -1.0, 0.5])
    scale, shift = fit_calibration((logits - shifts) * factors, y_true, "vector")
    np.testing.assert_allclose(scale, 1 / factors, rtol=0.05)
    np.testing.assert_allclose(shift - shift.mean(), shifts, atol=0.05)


def test_a_temperature_changes_no_predicted_class() -> None:
    logits, y_true = draw(500)
    scale, shift = fit_calibration(3 * logits, y_true, "temperature")
    np.testing.assert_array_equal((3 * logits * scale + shift).argmax(axis=1), logits.argmax(axis=1))


def test_the_method_none_leaves_logits_unchanged() -> None:
    logits, y_true = draw(50)
    scale, shift = fit_calibration(logits, y_true, "none")
    np.testing.assert_array_equal(logits * scale + shift, logits)


@pytest.mark.parametrize("method", ["temperature", "vector"])
def test_perfectly_predicted_labels_give_a_finite_scale(method: str) -> None:
    y_true = np.arange(30) % 3
    scale, shift = fit_calibration(np.eye(3)[y_true], y_true, method)  # type: ignore[arg-type]
    assert np.isfinite(scale).all() and np.isfinite(shift).all()
    assert (scale <= np.exp(3) + 1e-9).all()
    before, after = (compute_log_loss(y_true, np.eye(3)[y_true] * side) for side in (1, scale))
    assert after < before


def test_a_calibration_is_read_back_as_written(tmp_path: Path) -> None:
    written = Calibration(("a", "b"), (0.5, 0.5), (0.0, 0.0), "ab" * 32, 8)
    write_calibration(tmp_path / "model.json", written)
    assert read_calibration(tmp_path / "model.json") == written
    np.testing.assert_array_equal(written.apply(np.array([[2.0, 4.0]])), [[1.0, 2.0]])


def test_a_file_that_is_no_calibration_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"classes": ["a"]}')
    with pytest.raises(InputError, match=r"model\.json: not a calibration of this pipeline \(4 errors\)"):
        read_calibration(tmp_path / "model.json")
