"""The stage that scores subgroups of the test images."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score

from tests.runs import build_predictions, guess, run_scoring, true_classes, write_run

Y_TRUE = true_classes(600)
FEMALE = np.arange(600) // 6 % 2 == 1
"""The images whose sex is female in `write_run`."""


def test_the_lowest_subgroup_and_a_row_for_each_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logits = np.where(FEMALE[:, None], guess(Y_TRUE, 0.5), guess(Y_TRUE, 3))
    predictions = build_predictions(Y_TRUE, logits)
    run_scoring(tmp_path, write_run(tmp_path, {"model": predictions}), "model")
    summary = json.loads((tmp_path / "metrics/model/subgroups.json").read_text())
    expected = balanced_accuracy_score(Y_TRUE[FEMALE], predictions.y_pred[FEMALE])
    assert summary["lowest_balanced_accuracy_subgroup"] == "sex: female"
    assert summary["lowest_balanced_accuracy"] == pytest.approx(expected, abs=1e-6)
    assert expected < summary["lowest_balanced_accuracy_by_chance"]
    assert (summary["num_subgroups"], summary["num_subgroups_beyond_noise"]) == (2, 2)
    assert (summary["num_sensitivities"], summary["num_sensitivities_left_out"]) == (2, 0)
    rows = json.loads((tmp_path / "plots/model/subgroups.json").read_text())
    assert [(row["subgroup"], row["num_images"], row["beyond_noise"]) for row in rows] == [
        ("sex: female", 300, True),
        ("sex: male", 300, True),
    ]
    assert rows[0]["lead_over_others"] == -rows[1]["lead_over_others"] < -0.2
    printed = capsys.readouterr().out
    assert "sex: female 300" in printed
    assert f"the lowest balanced accuracy of 2 subgroups is {expected:.3f}; if no subgroup differs" in printed


def test_the_sensitivities_of_the_subgroups_are_those_of_the_threshold(tmp_path: Path) -> None:
    predictions = build_predictions(Y_TRUE, guess(Y_TRUE, 1))
    run_scoring(tmp_path, write_run(tmp_path, {"model": predictions}), "model")
    malignancy = json.loads((tmp_path / "metrics/model/malignancy.json").read_text())
    rows = json.loads((tmp_path / "plots/model/subgroups.json").read_text())
    assert sum(row["num_malignant_images"] for row in rows) == malignancy["num_malignant"]
    called = sum(row["num_malignant_images"] * row["sensitivity"] for row in rows)
    assert called / malignancy["num_malignant"] == pytest.approx(malignancy["sensitivity"], abs=1e-5)
    assert all(row["sensitivity_low"] < row["sensitivity"] < row["sensitivity_high"] for row in rows)


def test_subgroups_with_few_malignant_groups_have_no_sensitivity_and_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both sexes have nevi; 4 groups of women and 50 of men have melanomas."""
    y_true = np.where(FEMALE & (np.arange(600) > 24), 1, Y_TRUE)
    run_scoring(tmp_path, write_run(tmp_path, {"model": build_predictions(y_true, guess(y_true, 1))}), "model")
    female, male = json.loads((tmp_path / "plots/model/subgroups.json").read_text())
    assert female["sensitivity"] is None and male["num_malignant_groups"] == 50
    summary = json.loads((tmp_path / "metrics/model/subgroups.json").read_text())
    assert (summary["num_sensitivities"], summary["num_sensitivities_left_out"]) == (1, 1)
    assert "1 subgroups have no sensitivity: they have fewer than 5 malignant" in capsys.readouterr().out


def test_small_subgroups_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of 18 images, two in each group, the six in the middle are of women."""
    predictions = build_predictions(Y_TRUE[:18], guess(Y_TRUE[:18], 1))
    run_scoring(tmp_path, write_run(tmp_path, {"model": predictions}), "model")
    summary = json.loads((tmp_path / "metrics/model/subgroups.json").read_text())
    assert (summary["num_subgroups"], summary["num_subgroups_left_out"]) == (1, 1)
    assert "1 subgroups are not scored: they have fewer than 5 patients or lesions" in capsys.readouterr().out


def test_subgroups_of_ones_own_are_scored_like_others(tmp_path: Path) -> None:
    """Camera 1 took the images of women, another one those of two groups of men; of the others it is not known."""
    params = write_run(tmp_path, {"model": build_predictions(Y_TRUE, guess(Y_TRUE, 1))})
    path = tmp_path / "data/metadata.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    is_rare = table.image_id.str.removeprefix("val_").isin([f"image_{n:04d}" for n in range(4)])
    camera = table.sex.map({"female": "1", "male": ""}).where(~is_rare, "2.0")
    table.assign(subgroup_camera=camera).to_csv(path, index=False)
    run_scoring(tmp_path, params, "model")
    rows = {row["subgroup"]: row for row in json.loads((tmp_path / "plots/model/subgroups.json").read_text())}
    assert list(rows) == ["sex: female", "sex: male", "camera: 1", "camera: unknown"]
    scores = ("num_images", "num_groups", "balanced_accuracy", "low", "high", "sensitivity", "lead_over_others")
    assert [rows["camera: 1"][name] for name in scores] == [rows["sex: female"][name] for name in scores]
    assert (rows["camera: 1"]["attribute"], rows["camera: unknown"]["num_images"]) == ("camera", 296)
    summary = json.loads((tmp_path / "metrics/model/subgroups.json").read_text())
    assert (summary["num_subgroups"], summary["num_subgroups_left_out"]) == (4, 1)


def test_without_a_threshold_there_is_no_sensitivity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    y_true = np.where(Y_TRUE == 0, 1, Y_TRUE)
    run_scoring(tmp_path, write_run(tmp_path, {"model": build_predictions(y_true, guess(y_true, 1))}), "model")
    assert "num_sensitivities" not in json.loads((tmp_path / "metrics/model/subgroups.json").read_text())
    assert "because there is no threshold for malignancy" in capsys.readouterr().out


def test_without_subgroups_there_is_no_lowest_one_and_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predictions = build_predictions(Y_TRUE[:6], guess(Y_TRUE[:6], 1))
    run_scoring(tmp_path, write_run(tmp_path, {"model": predictions}), "model")
    assert json.loads((tmp_path / "metrics/model/subgroups.json").read_text()) == {
        "schema": 1,
        "num_subgroups": 0,
        "num_subgroups_left_out": 0,
        "num_subgroups_beyond_noise": 0,
    }
    printed = capsys.readouterr().out
    assert "there is no threshold for malignancy, or it calls every image malignant" in printed
    assert "of enough independent images (evaluation.min_subgroup_groups: 5)" in printed
    assert "balanced accuracy" not in printed
