"""Under the seal, the stages after `evaluate` write what is of validation, and no score of a test image."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from lesions.formats.json_file import write_metrics
from lesions.tables.predictions import Predictions, read_predictions, write_predictions
from tests.runs import (
    GENERALISATION,
    build_predictions,
    guess,
    run_compare,
    run_report,
    run_scoring,
    true_classes,
    write_run,
)

Y_TRUE = true_classes(300)
VAL = {"good": build_predictions(Y_TRUE, guess(Y_TRUE, 2)), "bad": build_predictions(Y_TRUE, guess(Y_TRUE, 1))}
MARKED = build_predictions(Y_TRUE, np.eye(3)[np.where(np.arange(300) < 211, Y_TRUE, (Y_TRUE + 1) % 3)])
"""Predictions of test images, of which 211 of 300 are right."""


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def write_sealed_run(folder: Path, val: dict[str, Predictions] = VAL) -> Path:
    """Write a run whose tables have lost the test images, as those of `evaluate` do, and return the parameters."""
    params = write_run(folder, dict.fromkeys(val, MARKED), val=val)
    for table in (folder / "data/predictions").rglob("*.csv"):
        write_predictions(table, read_predictions(table).select("val"))
    for model in val:
        of_validation = {name: value for name, value in GENERALISATION.items() if "test" not in name}
        write_metrics(folder / f"metrics/{model}/generalisation.json", of_validation | {"sealed": True})
    return params


def test_the_comparison_chooses_on_validation_and_says_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_compare(tmp_path, write_sealed_run(tmp_path))
    found = read(tmp_path / "metrics/comparison.json")
    good = balanced_accuracy_score(Y_TRUE, VAL["good"].y_pred)
    scores = found.pop("on_validation")
    assert found == {
        "schema": 1,
        "sealed": True,
        "metric": "balanced_accuracy",
        "best": "good",
        "best_val_score": pytest.approx(good, abs=1e-6),
        "runner_up": "bad",
        "baseline": "class_prior",
    }
    assert scores["good"]["balanced_accuracy"] == pytest.approx(good, abs=1e-6)
    assert set(scores) == {"good", "bad", "class_prior", "border_probe", "metadata_probe"}
    for name in ("scores", "differences", "f1", "roc", "precision_recall"):
        assert read(tmp_path / f"plots/comparison/{name}.json") == []
    assert len(read(tmp_path / "plots/comparison/history.json")) == 12
    printed = capsys.readouterr().out
    assert (
        f"good is the best of 2 models on validation (balanced accuracy {good:.3f}); what it has on test" in printed
    )
    assert "The test images are sealed (split.seal)" in printed


def test_the_threshold_is_chosen_and_not_scored(tmp_path: Path) -> None:
    params = write_sealed_run(tmp_path)
    run_scoring(tmp_path, params, "good")
    sealed = read(tmp_path / "metrics/good/malignancy.json")
    assert sealed.pop("sealed") is True
    assert set(sealed) == {
        "schema",
        "has_malignant_side",
        "threshold",
        "threshold_calls_all",
        "expected_sensitivity",
        "val_sensitivity",
        "num_val_malignant",
    }
    for name in ("malignancy_external", "subgroups"):
        assert read(tmp_path / f"metrics/good/{name}.json") == {"schema": 1, "sealed": True}
    plots = ("malignancy_roc", "malignancy_calibration", "net_benefit", "predictive_values", "decisions", "subgroups")
    assert [read(tmp_path / f"plots/good/{name}.json") for name in plots] == [[]] * 6

    open_run = tmp_path / "open"
    run_scoring(open_run, write_run(open_run, dict.fromkeys(VAL, MARKED), val=VAL), "good")
    unsealed = read(open_run / "metrics/good/malignancy.json")
    assert {name: unsealed[name] for name in sealed} == sealed


def test_a_task_without_a_malignant_side_is_sealed_too(tmp_path: Path) -> None:
    benign = {"only": build_predictions(Y_TRUE % 2 + 1, guess(Y_TRUE % 2 + 1, 2))}
    run_scoring(tmp_path, write_sealed_run(tmp_path, benign), "only")
    found = read(tmp_path / "metrics/only/malignancy.json")
    assert found == {"schema": 1, "sealed": True, "has_malignant_side": False}


def test_the_report_says_sealed_first_and_has_the_scores_on_validation(tmp_path: Path) -> None:
    params = write_sealed_run(tmp_path)
    run_compare(tmp_path, params)
    page = run_report(tmp_path, params).read_text()
    assert page.index("The test images are sealed (split.seal)") < page.index("good is the best of 2 models on valid")
    row = page[page.index('<table id="validation"') :].split("<tr>")[2]
    good = balanced_accuracy_score(Y_TRUE, VAL["good"].y_pred)
    assert row.startswith('<th scope="row">good</th>') and f">{good:.3f}<" in row
    for heading in ("Scores on test images", "Decisions", "Mistakes", "Confusion of good", "ROC"):
        assert f"{heading}</h" not in page
    for heading in ("Class balance", "Training of good", "Copies"):
        assert f"{heading}</h" in page
    assert "0.700 on validation. From training to validation it loses 0.200" in page


def test_one_model_is_the_best_of_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_compare(tmp_path, write_sealed_run(tmp_path, {"good": VAL["good"]}))
    assert "runner_up" not in read(tmp_path / "metrics/comparison.json")
    assert "on validation; what it has on test is sealed." in capsys.readouterr().out
