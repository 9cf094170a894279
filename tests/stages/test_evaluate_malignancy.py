"""The stage that chooses the threshold for malignancy writes its scores, and accepts tasks without a threshold."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from lesions.parameters.overlay import lay_over
from lesions.tables.classes import Classes, write_classes
from stages import evaluate_malignancy
from tests.runs import CLASSES, build_predictions, guess, run_scoring, true_classes, write_run

Y_TRUE = true_classes(300)
PREDICTIONS = build_predictions(Y_TRUE, guess(Y_TRUE, 1.5))


def run(folder: Path, *, diagnoses: tuple[tuple[str, ...], ...] | None = None) -> dict[str, float]:
    """Run the stage on predictions that are the same for validation and test, and return the metrics."""
    params = write_run(folder, {"model": PREDICTIONS})
    lay_over(params, {"task": {"neither": ["psoriasis"]}})
    if diagnoses is not None:
        write_classes(folder / "data/classes.json", Classes(CLASSES, diagnoses, (3, 5, 2), (1.0, 1.0, 1.0)))
    run_scoring(folder, params, "model")
    metrics: dict[str, float] = json.loads((folder / "metrics/model/malignancy.json").read_text())
    return metrics


def test_the_threshold_is_chosen_on_validation_and_scored_on_test(tmp_path: Path) -> None:
    """Validation and test have the same predictions, so that test has exactly the requested sensitivity."""
    metrics = run(tmp_path)
    malignant, probability = Y_TRUE == 0, PREDICTIONS.y_prob[:, 0]
    called = probability >= metrics["threshold"] - 1e-6
    assert metrics["val_sensitivity"] == metrics["sensitivity"] == pytest.approx(0.95)
    assert metrics["specificity"] == pytest.approx((~called)[~malignant].mean(), abs=1e-6)
    assert metrics["ppv"] == pytest.approx(malignant[called].mean(), abs=1e-6)
    assert metrics["npv"] == pytest.approx((~malignant)[~called].mean(), abs=1e-6)
    assert metrics["specificity_low"] < metrics["specificity"] < metrics["specificity_high"]
    assert (metrics["num_malignant"], metrics["num_benign"]) == (100, 200)


def test_the_roc_curve_is_scikit_learns(tmp_path: Path) -> None:
    run(tmp_path)
    rows = json.loads((tmp_path / "plots/model/malignancy_roc.json").read_text())
    false_positive_rate, sensitivity, _ = roc_curve(Y_TRUE == 0, PREDICTIONS.y_prob[:, 0])
    points = {(round(x, 6), round(y, 6)) for x, y in zip(false_positive_rate, sensitivity, strict=True)}
    assert {(row["false_positive_rate"], row["sensitivity"]) for row in rows} <= points
    assert (rows[0]["sensitivity"], rows[-1]["sensitivity"]) == (0, 1)


def test_the_probabilities_of_several_malignant_classes_are_summed(tmp_path: Path) -> None:
    """There are two malignant classes and a benign one."""
    metrics = run(tmp_path, diagnoses=(("melanoma",), ("nevus",), ("melanoma",)))
    assert (metrics["num_malignant"], metrics["num_benign"]) == (200, 100)
    called = PREDICTIONS.y_prob[:, [0, 2]].sum(axis=1) >= metrics["threshold"] - 1e-6
    assert metrics["specificity"] == pytest.approx((~called)[Y_TRUE == 1].mean(), abs=1e-6)


@pytest.mark.parametrize(
    "diagnoses",
    [
        (("melanoma", "nevus"), ("vascular_lesion",), ("dermatofibroma",)),
        (("melanoma",), ("psoriasis",), ("psoriasis",)),
        (("benign_keratosis",), ("nevus",), ("vascular_lesion",)),
    ],
)
def test_a_task_without_a_malignant_side_has_no_threshold(
    tmp_path: Path, diagnoses: tuple[tuple[str, ...], ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, diagnoses=diagnoses) == {"schema": 1, "has_malignant_side": False}
    assert "there is no threshold" in capsys.readouterr().out
    for name in ("malignancy_roc", "net_benefit"):
        assert json.loads((tmp_path / f"plots/model/{name}.json").read_text()) == []


def test_images_that_are_neither_malignant_nor_benign_are_left_out_and_counted(tmp_path: Path) -> None:
    """A third of the images are of psoriasis, whose probability counts against malignancy."""
    metrics = run(tmp_path, diagnoses=(("melanoma",), ("nevus",), ("psoriasis",)))
    assert [metrics[f"num_{side}"] for side in ("malignant", "benign", "neither")] == [100, 100, 100]
    called = PREDICTIONS.y_prob[:, 0] >= metrics["threshold"] - 1e-6
    assert metrics["sensitivity"] == pytest.approx(called[Y_TRUE == 0].mean(), abs=1e-6)
    assert metrics["specificity"] == pytest.approx((~called)[Y_TRUE == 1].mean(), abs=1e-6)
    assert metrics["ppv"] == pytest.approx((Y_TRUE == 0)[called & (Y_TRUE < 2)].mean(), abs=1e-6)
    rows = json.loads((tmp_path / "plots/model/net_benefit.json").read_text())
    (benefit,) = [
        row["net_benefit"] for row in rows if (row["strategy"], row["threshold"]) == ("call all malignant", 0.2)
    ]
    assert benefit == pytest.approx(1 / 2 - 1 / 2 * 0.25)


def test_images_of_only_one_side_give_no_threshold() -> None:
    benign = build_predictions(np.ones(10, dtype=int), np.zeros((10, 3)))
    assert not evaluate_malignancy.has_both_sides(benign, (True, False, False))
    assert evaluate_malignancy.has_both_sides(PREDICTIONS, (True, False, False))
