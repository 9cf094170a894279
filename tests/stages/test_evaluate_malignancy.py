"""The stage that chooses the threshold for malignancy writes its scores, and accepts tasks without a threshold."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_curve

from lesions.parameters.overlay import lay_over
from lesions.tables.classes import Classes, write_classes
from lesions.tables.csv_table import write_table
from lesions.tables.metadata import read_metadata
from lesions.tables.predictions import concatenate_predictions, read_predictions, write_predictions
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
    """Validation and test have the same predictions. More than 95 of 100 are found."""
    metrics = run(tmp_path)
    malignant, probability = Y_TRUE == 0, PREDICTIONS.y_prob[:, 0]
    called = probability >= metrics["threshold"]
    assert metrics["threshold"] in (PREDICTIONS.y_prob[malignant, 0] // 1e-6 / 1e6).round(6)
    assert metrics["val_sensitivity"] == metrics["sensitivity"] == called[malignant].mean() >= 0.96
    assert 0.95 <= metrics["expected_sensitivity"] < metrics["val_sensitivity"]
    assert metrics["sensitivity_with_luck_low"] < metrics["sensitivity_low"]
    assert metrics["sensitivity_with_luck_high"] >= metrics["sensitivity_high"]
    assert metrics["specificity"] == pytest.approx((~called)[~malignant].mean(), abs=1e-6)
    assert metrics["ppv"] == pytest.approx(malignant[called].mean(), abs=1e-6)
    assert metrics["npv"] == pytest.approx((~malignant)[~called].mean(), abs=1e-6)
    assert metrics["specificity_low"] < metrics["specificity"] < metrics["specificity_high"]
    assert (metrics["num_malignant"], metrics["num_benign"]) == (100, 200)
    assert metrics["num_true_positive"] == called[malignant].sum()
    assert metrics["num_false_positive"] == called[~malignant].sum()


def test_ppv_and_npv_are_stated_at_each_prevalence(tmp_path: Path) -> None:
    metrics = run(tmp_path)
    found, alarms = metrics["sensitivity"], 1 - metrics["specificity"]
    for share in (0.02, 0.1):
        right = share * found / (share * found + (1 - share) * alarms)
        assert metrics[f"ppv_at_{share}"] == pytest.approx(right, abs=1e-5)
        assert metrics[f"ppv_at_{share}_low"] < right < metrics[f"ppv_at_{share}_high"]
    rows = json.loads((tmp_path / "plots/model/predictive_values.json").read_text())
    assert [row["value"] for row in rows if row["of_test"]] == [metrics["ppv"], metrics["npv"]]


def test_each_class_is_scored_against_the_rest_by_image_lesion_and_patient(tmp_path: Path) -> None:
    """Each image is of its own lesion and patient, so that all three have the same counts."""
    run(tmp_path)
    rows = json.loads((tmp_path / "plots/model/decisions.json").read_text())
    for code, name in enumerate(CLASSES):
        truth, called = np.equal(Y_TRUE, code), np.equal(PREDICTIONS.y_pred, code)
        for unit in ("image", "lesion", "patient"):
            (row,) = [row for row in rows if (row["called"], row["rule"], row["unit"]) == (name, "class", unit)]
            assert row["num_true_positive"] == (truth & called).sum()
            assert row["sensitivity"] == pytest.approx(called[truth].mean(), abs=1e-6)
            assert row["npv"] == pytest.approx((~truth)[~called].mean(), abs=1e-6)
    assert not [row for row in rows if row["unit"] == "confirmed image"]


def test_undefined_scores_are_left_out_of_metrics_and_empty_in_rows(tmp_path: Path) -> None:
    """Where all images are called malignant, there is no NPV; dvc draws rows only if they have the same keys."""
    params = write_run(tmp_path, {"model": PREDICTIONS.keep(np.arange(300) < 30)})
    run_scoring(tmp_path, params, "model")
    metrics = json.loads((tmp_path / "metrics/model/malignancy.json").read_text())
    assert "npv" not in metrics and "lesion_npv_low" not in metrics
    rows = json.loads((tmp_path / "plots/model/decisions.json").read_text())
    assert (rows[0]["npv"], rows[0]["npv_low"]) == (None, None)
    assert len({frozenset(row) for row in rows}) == 1


def test_the_threshold_is_scored_on_other_datasets(tmp_path: Path) -> None:
    """The other dataset has the first 30 images, of which 10 are malignant, in another table."""
    params = write_run(tmp_path, {"model": PREDICTIONS})
    table = read_predictions(tmp_path / "data/predictions/model.csv")
    ids = "there_" + PREDICTIONS.images.image_id[:30]
    there = replace(
        PREDICTIONS.keep(np.arange(300) < 30), images=PREDICTIONS.images[:30].assign(image_id=ids, split="external")
    )
    write_predictions(tmp_path / "data/predictions/model.csv", concatenate_predictions([table, there]))
    metadata = read_metadata(tmp_path / "data/metadata.csv")
    extra = metadata[metadata.image_id.isin(PREDICTIONS.images.image_id[:30])].assign(source="elsewhere")
    extra = extra.assign(image_id="there_" + extra.image_id)
    write_table(tmp_path / "data/metadata.csv", pd.concat([metadata, extra]), sort_by="image_id")
    run_scoring(tmp_path, params, "model")
    threshold = json.loads((tmp_path / "metrics/model/malignancy.json").read_text())["threshold"]
    scores = json.loads((tmp_path / "metrics/model/malignancy_external.json").read_text())["elsewhere"]
    truth, called = Y_TRUE[:30] == 0, PREDICTIONS.y_prob[:30, 0] >= threshold
    assert (scores["num_images"], scores["num_groups"]) == (30, 15)
    assert scores["sensitivity"] == pytest.approx(called[truth].mean(), abs=1e-6)
    assert scores["specificity"] == pytest.approx((~called)[~truth].mean(), abs=1e-6)
    assert scores["observed_to_expected"] == pytest.approx(10 / PREDICTIONS.y_prob[:30, 0].sum(), abs=1e-5)
    assert "ppv" not in scores


def test_too_few_malignant_validation_images_call_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """30 images, of which ten are malignant, in five pairs."""
    params = write_run(tmp_path, {"model": PREDICTIONS.keep(np.arange(300) < 30)})
    run_scoring(tmp_path, params, "model")
    metrics = json.loads((tmp_path / "metrics/model/malignancy.json").read_text())
    assert (metrics["threshold"], metrics["threshold_calls_all"], metrics["sensitivity"]) == (0, True, 1)
    assert metrics["specificity"] == 0
    bounds = [metrics[f"{name}_{end}"] for name in ("sensitivity", "specificity") for end in ("low", "high")]
    assert bounds == [1, 1, 0, 0]
    assert (metrics["sensitivity_with_luck"], metrics["sensitivity_with_luck_low"]) == (1, None)
    stated = json.loads((tmp_path / "plots/model/predictive_values.json").read_text())
    assert stated
    for row in stated:
        if not row["of_test"]:
            assert (row["score"], row["value"], row["low"], row["high"]) == ("ppv", *[row["prevalence"]] * 3)
    assert "10 malignant validation images are too few" in capsys.readouterr().out


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
    for name in ("malignancy_roc", "malignancy_calibration", "net_benefit", "predictive_values"):
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
