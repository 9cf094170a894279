"""The comparison: what it writes, and what it refuses."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

from lesions.errors import InputError
from lesions.evaluation.significance import compare_pairs
from lesions.evaluation.verdict import spell_p
from lesions.tables.predictions import Predictions, concatenate_predictions, read_predictions, write_predictions
from tests.runs import (
    CLASSES,
    build_predictions,
    guess,
    run_compare,
    run_report,
    true_classes,
    with_validation,
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


def test_the_best_on_validation_is_chosen_though_another_is_better_on_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On validation 80, 70 and 60 of 90 images are right, on test 60, 50 and 90."""

    def right(number: int) -> Predictions:
        codes = np.where(np.arange(90) < number, Y_TRUE, (Y_TRUE + 1) % 3)
        return build_predictions(Y_TRUE, 5 * np.eye(3)[codes])

    val = {"chosen": right(80), "second": right(70), "lucky": right(60)}
    test = {"chosen": right(60), "second": right(50), "lucky": right(90)}
    run_compare(tmp_path, write_run(tmp_path, test, metric="accuracy", val=val))
    summary = json.loads((tmp_path / "metrics/comparison.json").read_text())
    assert (summary["best"], summary["runner_up"]) == ("chosen", "second")
    assert summary["best_val_score"] == pytest.approx(80 / 90, abs=1e-6)
    assert summary["best_score"] == pytest.approx(60 / 90, abs=1e-6)
    assert summary["best_score_low"] < 60 / 90 < summary["best_score_high"]
    assert summary["lead_over_runner_up"] == pytest.approx(10 / 90, abs=1e-6)
    printed = " ".join(capsys.readouterr().out.split())
    assert "accuracy on validation" in printed
    assert "chosen is the best of 3 models on validation (accuracy 0.889), and has 0.667 on test" in printed
    assert "lucky is better than chosen by 0.333 accuracy" in printed
    rows = pd.read_json(tmp_path / "plots/comparison/scores.json")
    on_val = rows[rows.metric == "accuracy"].set_index("model").val
    assert on_val[["chosen", "second", "lucky"]].tolist() == pytest.approx([80 / 90, 70 / 90, 60 / 90], abs=1e-6)


@pytest.mark.slow
def test_all_pairs_with_a_model_are_one_family_per_metric(tmp_path: Path) -> None:
    models = {name: build_predictions(Y_TRUE, guess(Y_TRUE, 0.4 + 0.2 * n, n)) for n, name in enumerate("abc")}
    run_compare(tmp_path, write_run(tmp_path, models))
    rows = pd.read_json(tmp_path / "plots/comparison/differences.json")
    with_model = rows["first"].isin(models) | rows["second"].isin(models)
    assert with_model.groupby(rows.metric).sum().unique().tolist() == [3 + 3 * 3]
    for _, family in rows[with_model].groupby("metric"):
        expected = multipletests(family.p_value, method="holm")[1]
        # Values are written with six decimals.
        assert family.p_holm.tolist() == pytest.approx(expected.tolist(), abs=2e-5)
    summary = json.loads((tmp_path / "metrics/comparison.json").read_text())
    pair = {summary["best"], summary["runner_up"]}
    (row,) = [row for row in rows.itertuples() if row.metric == summary["metric"] and {row.first, row.second} == pair]
    assert summary["lead_over_runner_up_p_value"] == row.p_holm


@pytest.mark.slow
def test_a_test_has_one_p_value_in_the_metrics_and_in_the_report(tmp_path: Path) -> None:
    models = {name: build_predictions(Y_TRUE, guess(Y_TRUE, 1 + 0.3 * n, n)) for n, name in enumerate("abc")}
    params = write_run(tmp_path, models)
    run_compare(tmp_path, params)
    summary = json.loads((tmp_path / "metrics/comparison.json").read_text())
    page = run_report(tmp_path, params).read_text()
    pair = {summary["best"], summary["runner_up"]}
    (row,) = [
        row for row in re.findall(r'<tr><th scope="row">(\w), (\w)</th>(.*?)</tr>', page) if set(row[:2]) == pair
    ]
    assert f'data-name="p, sign test">{spell_p(summary["sign_test_p_value"])}<' in row[2]
    assert f'data-name="p, DeLong">{spell_p(summary["delong_p_value"])}<' in row[2]
    first, second = (models[name] for name in sorted(pair))
    alone = compare_pairs({"first": first, "second": second})["first", "second"]
    assert summary["sign_test_p_value"] > alone[0].p_value + 1e-6


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


def test_one_diagnosis_is_a_reference_where_it_scores_higher_than_the_class_prior(tmp_path: Path) -> None:
    """No test image is a nevus, which the class prior predicts; the model calls all of them melanoma."""
    y_true = np.where(Y_TRUE == 1, 0, Y_TRUE)
    constant = build_predictions(y_true, np.tile([5.0, 0.0, 0.0], (90, 1)))
    params = write_run(tmp_path, {"a": constant})
    run_compare(tmp_path, params)
    summary = json.loads((tmp_path / "metrics/comparison.json").read_text())
    assert (summary["constant_score"], summary["constant_is_beaten"]) == (0.5, False)
    rows = pd.read_json(tmp_path / "plots/comparison/scores.json")
    assert "one_diagnosis" in set(rows.model)
    page = run_report(tmp_path, params).read_text()
    assert "No model beats predicting one diagnosis for every image (balanced accuracy 0.500" in page
    assert "<i>One diagnosis</i> is the one diagnosis that scores highest" in page


def test_comparing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    params = write_run(tmp_path, {"a": build_predictions(Y_TRUE, guess(Y_TRUE, 2))})
    run_compare(tmp_path, params)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    run_compare(tmp_path, params)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_files_of_a_model_that_is_not_listed_are_refused_by_its_name(tmp_path: Path) -> None:
    models = {name: build_predictions(Y_TRUE, guess(Y_TRUE, 2)) for name in ("a", "b")}
    write_run(tmp_path, models)
    with pytest.raises(InputError, match=r"there are files of b, which is not in models .*`dvc repro --force"):
        run_compare(tmp_path, write_parameters(tmp_path, ["a"]))


def test_a_metric_that_the_validation_images_do_not_define_is_named(tmp_path: Path) -> None:
    one_class = np.ones(90, dtype=int)
    models = {"a": build_predictions(Y_TRUE, guess(Y_TRUE, 2))}
    val = {"a": build_predictions(one_class, guess(one_class, 2))}
    params = write_run(tmp_path, models, metric="macro_roc_auc", val=val)
    for table in (tmp_path / "data/predictions").glob("*/*.csv"):
        test = read_predictions(table).select("test")
        of_one_class = Predictions(test.images, test.classes, one_class, test.logits)
        write_predictions(table, with_validation(test, of_one_class))
    with pytest.raises(InputError, match=r"compare\.metric: these validation images do not define macro_roc_auc"):
        run_compare(tmp_path, params)


def test_a_metric_that_the_test_images_do_not_define_is_named(tmp_path: Path) -> None:
    one_class = np.ones(20, dtype=int)
    models = {"a": build_predictions(one_class, guess(one_class, 2))}
    with pytest.raises(InputError, match=r"compare\.metric: these test images do not define macro_roc_auc; they"):
        run_compare(tmp_path, write_run(tmp_path, models, metric="macro_roc_auc"))


CHANGES = {
    "image_id": lambda p: Predictions(p.images[2:], p.classes, p.y_true[2:], p.logits[2:]),
    "group_id": lambda p: Predictions(p.images.assign(group_id="g"), p.classes, p.y_true, p.logits),
    "y_true": lambda p: Predictions(p.images, p.classes, p.y_true[::-1], p.logits),
}


@pytest.mark.parametrize(
    ("change", "split", "message"),
    [
        (lambda p: Predictions(p.images, p.classes[::-1], p.y_true, p.logits), None, "differ in classes"),
        *((change, split, f"differ in {name}") for name, change in CHANGES.items() for split in ("val", "test")),
    ],
)
def test_predictions_of_different_images_are_refused(
    tmp_path: Path, change: object, split: str | None, message: str
) -> None:
    assert callable(change)
    params = write_run(tmp_path, {name: build_predictions(Y_TRUE, guess(Y_TRUE, 2)) for name in ("a", "b")})
    path = tmp_path / "data/predictions/b.csv"
    table = read_predictions(path)
    if split is None:  # a table has one list of classes for all splits
        changed = change(table)
    else:
        parts = {name: table.select(name) for name in ("val", "test")}
        changed = concatenate_predictions([*(parts | {split: change(parts[split])}).values()])
    write_predictions(path, changed)
    with pytest.raises(InputError, match=f"the predictions of b and a {message}: they are not from the same run"):
        run_compare(tmp_path, params)
    assert not (tmp_path / "metrics/comparison.json").exists()
