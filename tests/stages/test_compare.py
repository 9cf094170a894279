"""The comparison: what it writes, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from lesions.errors import InputError
from lesions.tables.predictions import Predictions, read_predictions, write_predictions
from tests.runs import (
    CLASSES,
    build_predictions,
    guess,
    run_compare,
    true_classes,
    write_parameters,
    write_run,
)

Y_TRUE = true_classes()


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_summary_names_the_best_model_and_its_lead(tmp_path: Path) -> None:
    good, bad = guess(Y_TRUE, 4), guess(Y_TRUE, 0.5, seed=1)
    params = write_run(tmp_path, {"bad": build_predictions(Y_TRUE, bad), "good": build_predictions(Y_TRUE, good)})
    run_compare(tmp_path, params)
    summary = json.loads((tmp_path / "metrics/comparison.json").read_text())
    best = balanced_accuracy_score(Y_TRUE, good.argmax(axis=1))
    assert (summary["best"], summary["runner_up"]) == ("good", "bad")
    assert summary["baseline"] == "class_prior"
    assert summary["best_score"] == pytest.approx(best, abs=1e-6)
    lead = best - balanced_accuracy_score(Y_TRUE, bad.argmax(axis=1))
    assert summary["lead_over_runner_up"] == pytest.approx(lead, abs=1e-5)
    assert 0 < summary["lead_over_runner_up_low"] < lead < summary["lead_over_runner_up_high"]
    assert summary["lead_over_baseline"] == pytest.approx(best - 1 / 3, abs=1e-5)
    assert (summary["num_images"], summary["num_groups"]) == (90, 45)


def test_another_metric_can_name_another_best(tmp_path: Path) -> None:
    # Both models predict the frequent class for every image, but only one ranks the images; ties keep their order.
    y_true = np.array([1] * 60 + [0, 2] * 10)
    labels = np.tile([0.0, 1.0, 0.0], (80, 1))
    ranks = np.tile([0.0, 5.0, 0.0], (80, 1)) + 0.1 * np.eye(3)[y_true] - 5 * (y_true != 1)[:, None] * [0, 0.1, 0]
    models = {"labels": build_predictions(y_true, labels), "ranks": build_predictions(y_true, ranks)}
    for metric, best in (("macro_roc_auc", "ranks"), ("accuracy", "labels")):
        folder = tmp_path / metric
        folder.mkdir()
        run_compare(folder, write_run(folder, models, metric=metric))
        summary = json.loads((folder / "metrics/comparison.json").read_text())
        assert (summary["metric"], summary["best"]) == (metric, best)


def test_a_single_model_is_compared_with_the_baselines(tmp_path: Path) -> None:
    run_compare(tmp_path, write_run(tmp_path, {"only": build_predictions(Y_TRUE, guess(Y_TRUE, 2))}))
    summary = json.loads((tmp_path / "metrics/comparison.json").read_text())
    assert "runner_up" not in summary
    assert summary["baseline"] == "class_prior"


def test_plots_have_rows_for_the_right_models(tmp_path: Path) -> None:
    logits = guess(Y_TRUE, 2)
    models = {name: build_predictions(Y_TRUE, logits + n) for n, name in enumerate(["a", "b"])}
    run_compare(tmp_path, write_run(tmp_path, models))
    rows = {path.stem: pd.read_json(path) for path in (tmp_path / "plots/comparison").iterdir()}
    assert set(rows) == {"scores", "differences", "f1", "roc", "precision_recall", "history"}
    probes = {"border_probe", "metadata_probe"}
    for name in ("scores", "f1"):
        assert set(rows[name].model) == {"a", "b", "class_prior", *probes}
    for name in ("roc", "precision_recall"):
        assert set(rows[name].model) == {"a", "b", "class_prior"}
    assert set(rows["history"].model) == {"a", "b"}
    pairs = set(zip(rows["differences"]["first"], rows["differences"]["second"], strict=True))
    assert {pair for pair in pairs if not probes & set(pair)} == {
        ("a", "b"),
        ("a", "class_prior"),
        ("b", "class_prior"),
    }
    assert len(pairs) == 10
    expected = f1_score(Y_TRUE, logits.argmax(axis=1), average=None)
    f1 = rows["f1"][rows["f1"].model == "a"].set_index("diagnosis").f1
    assert f1[list(CLASSES)].tolist() == pytest.approx(expected.tolist(), abs=1e-6)


def test_comparing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    params = write_run(tmp_path, {"a": build_predictions(Y_TRUE, guess(Y_TRUE, 2))})
    run_compare(tmp_path, params)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    run_compare(tmp_path, params)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_files_of_a_model_that_is_not_listed_are_refused_by_its_name(tmp_path: Path) -> None:
    models = {name: build_predictions(Y_TRUE, guess(Y_TRUE, 2)) for name in ("a", "b")}
    write_run(tmp_path, models)
    with pytest.raises(InputError, match=r"there are files of b, which is not in models of .*`dvc repro --force"):
        run_compare(tmp_path, write_parameters(tmp_path, ["a"]))


def test_a_metric_that_the_test_images_do_not_define_is_named(tmp_path: Path) -> None:
    one_class = np.ones(20, dtype=int)
    models = {"a": build_predictions(one_class, guess(one_class, 2))}
    with pytest.raises(InputError, match=r"compare\.metric: these test images do not define macro_roc_auc; they"):
        run_compare(tmp_path, write_run(tmp_path, models, metric="macro_roc_auc"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: Predictions(p.images, p.classes[::-1], p.y_true, p.logits), "differ in classes"),
        (lambda p: Predictions(p.images[2:], p.classes, p.y_true[2:], p.logits[2:]), "differ in image_id"),
        (
            lambda p: Predictions(p.images.assign(group_id="g"), p.classes, p.y_true, p.logits),
            "differ in group_id",
        ),
        (lambda p: Predictions(p.images, p.classes, p.y_true[::-1], p.logits), "differ in y_true"),
    ],
)
def test_predictions_of_different_images_are_refused(tmp_path: Path, change: object, message: str) -> None:
    assert callable(change)
    params = write_run(tmp_path, {name: build_predictions(Y_TRUE, guess(Y_TRUE, 2)) for name in ("a", "b")})
    path = tmp_path / "data/predictions/b.csv"
    write_predictions(path, change(read_predictions(path)))
    with pytest.raises(InputError, match=f"the predictions of b and a {message}: they are not from the same run"):
        run_compare(tmp_path, params)
    assert not (tmp_path / "metrics/comparison.json").exists()
