"""Calibration recovers planted scales and shifts, and changes nothing else."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from lesions.errors import InputError
from lesions.evaluation.calibration import fit_calibration
from lesions.evaluation.reliability import compute_image_losses
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


SHIFT = np.array([1.0, -2.0, 1.0])


def test_a_planted_shift_of_the_prior_is_undone_with_its_temperature() -> None:
    logits, y_true = draw(20_000)
    scale, shift = fit_calibration(2 * (logits - SHIFT), y_true, "prior_and_temperature", prior_shift=SHIFT)
    np.testing.assert_allclose(scale, 1 / 2, rtol=0.03)
    np.testing.assert_allclose(shift, SHIFT, rtol=0.03)


def test_only_as_much_of_the_shift_is_undone_as_there_is() -> None:
    logits, y_true = draw(20_000)
    _, shift = fit_calibration(logits - 0.3 * SHIFT, y_true, "prior_and_temperature", prior_shift=SHIFT)
    np.testing.assert_allclose(shift, 0.3 * SHIFT, rtol=0.1)


def test_a_few_images_leave_the_shift_near_that_of_bayes_and_none_leave_it_there() -> None:
    logits, y_true = draw(6)
    scale, shift = fit_calibration(logits - SHIFT, y_true, "prior_and_temperature", prior_shift=SHIFT)
    assert 0.5 < scale[0] < 2
    np.testing.assert_allclose(shift, SHIFT, rtol=0.5)
    scale, shift = fit_calibration(logits[:0], y_true[:0], "prior_and_temperature", prior_shift=SHIFT)
    np.testing.assert_array_equal(scale, 1)
    np.testing.assert_array_equal(shift, SHIFT)


@pytest.mark.parametrize("method", ["none", "temperature", "prior_and_temperature", "vector"])
def test_a_method_does_on_the_images_that_fit_it_no_worse_than_nothing(method: str) -> None:
    logits, y_true = draw(400)
    predicted = 1.5 * logits - SHIFT
    scale, shift = fit_calibration(predicted, y_true, method, prior_shift=SHIFT)  # type: ignore[arg-type]
    before, after = (compute_image_losses(y_true, each).mean() for each in (predicted, predicted * scale + shift))
    assert after <= before


@pytest.mark.parametrize("method", ["temperature", "prior_and_temperature", "vector"])
def test_perfectly_predicted_labels_give_a_finite_scale(method: str) -> None:
    y_true = np.arange(30) % 3
    scale, shift = fit_calibration(np.eye(3)[y_true], y_true, method)  # type: ignore[arg-type]
    assert np.isfinite(scale).all() and np.isfinite(shift).all()
    assert (scale <= np.exp(3) + 1e-9).all()
    before, after = (compute_image_losses(y_true, np.eye(3)[y_true] * side).mean() for side in (1, scale))
    assert after < before


def test_a_calibration_is_read_back_as_written(tmp_path: Path) -> None:
    written = Calibration(("a", "b"), "temperature", (0.5, 0.5), (0.0, 0.0), (1.0, -1.0), "ab" * 32, 8)
    write_calibration(tmp_path / "model.json", written)
    assert read_calibration(tmp_path / "model.json") == written
    np.testing.assert_array_equal(written.apply(np.array([[2.0, 4.0]])), [[1.0, 2.0]])


def test_a_file_that_is_no_calibration_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"classes": ["a"]}')
    with pytest.raises(InputError, match=r"model\.json: not a calibration of this pipeline \(6 errors\)"):
        read_calibration(tmp_path / "model.json")
