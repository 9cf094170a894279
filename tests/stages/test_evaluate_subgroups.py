"""The stage that scores subgroups of the test images."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from tests.runs import build_predictions, guess, run_scoring, true_classes, write_run

Y_TRUE = true_classes(600)
FEMALE = np.arange(600) // 6 % 2 == 1
"""The images whose sex is female in `write_run`."""


def test_the_worst_subgroup_and_a_row_for_each_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logits = np.where(FEMALE[:, None], guess(Y_TRUE, 0.5), guess(Y_TRUE, 3))
    predictions = build_predictions(Y_TRUE, logits)
    run_scoring(tmp_path, write_run(tmp_path, {"model": predictions}), "model")
    summary = json.loads((tmp_path / "metrics/model/subgroups.json").read_text())
    expected = balanced_accuracy_score(Y_TRUE[FEMALE], predictions.y_pred[FEMALE])
    assert summary["worst_subgroup"] == "sex: female"
    assert summary["worst_balanced_accuracy"] == pytest.approx(expected, abs=1e-6)
    assert (summary["num_subgroups"], summary["num_beyond_noise"]) == (2, 2)
    rows = json.loads((tmp_path / "plots/model/subgroups.json").read_text())
    assert [(row["subgroup"], row["num_images"], row["beyond_noise"]) for row in rows] == [
        ("sex: female", 300, True),
        ("sex: male", 300, True),
    ]
    assert rows[0]["lead_over_others"] == -rows[1]["lead_over_others"] < -0.2
    assert "sex: female 300" in capsys.readouterr().out


def test_without_subgroups_there_is_no_worst_one_and_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predictions = build_predictions(Y_TRUE[:6], guess(Y_TRUE[:6], 1))
    run_scoring(tmp_path, write_run(tmp_path, {"model": predictions}), "model")
    assert json.loads((tmp_path / "metrics/model/subgroups.json").read_text()) == {
        "schema": 1,
        "num_subgroups": 0,
        "num_beyond_noise": 0,
    }
    printed = capsys.readouterr().out
    assert "of enough independent images (evaluation.min_subgroup_groups: 5)" in printed
    assert "balanced accuracy" not in printed
