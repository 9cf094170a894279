"""A run of two small networks and their ensemble becomes files that predict what the run predicted."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from lesions.errors import InputError
from lesions.evaluation.prediction_sets import build_sets, calibrate_sets
from lesions.formats.json_file import read_json, write_json
from lesions.formats.sha256 import hash_file
from lesions.networks.checkpoint import read_checkpoint, write_checkpoint
from lesions.networks.onnx_export import export_onnx
from lesions.parameters.overlay import lay_over
from lesions.parameters.section import read_parameters
from lesions.serving.answers import Rules
from lesions.serving.manifest import Manifest, read_manifest
from lesions.serving.onnx_file import read_onnx_file
from lesions.serving.session import Network
from lesions.tables.predictions import Predictions, read_predictions, write_predictions
from stages import export
from tests.runs import CLASSES
from tests.scored_run import INPUTS, TABLE, paths_of, write_scored_run
from tests.training import CPU

Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run up to its scores. Tests leave it as it is."""
    folder = tmp_path_factory.mktemp("run")
    write_scored_run(folder)
    return folder


@pytest.fixture
def changed(run: Path, tmp_path: Path) -> Path:
    """A copy of the run, for a test that changes it."""
    return copytree(run, tmp_path / "run")


def run_export(folder: Path, model: str = "custom_cnn", **section: Any) -> dict[str, Any]:
    """Run the stage with changes of its section, and return the metrics that it writes."""
    params = folder / "params.yaml"
    if section:
        lay_over(params, {"export": section})
    read_parameters.cache_clear()
    data, metrics = folder / "data", folder / "metrics"
    export.main(data / "code.json", model, data=data, metrics=metrics, params=params, **paths_of(folder))
    return read_json(metrics / f"{model}/export.json")


def read_answers(folder: Path, model: str, file: str = "model.onnx") -> tuple[Manifest, list[Any], Predictions]:
    """Return the manifest of a file, its answers for the images of the run's predictions, and those."""
    path = folder / f"data/exports/{model}/{file}"
    data, manifest = read_onnx_file(path)
    table = read_predictions(folder / f"data/predictions/{model}.csv").with_metadata(TABLE)
    pixels = np.load(folder / "data/images.npy")[table.images.row.to_numpy()]
    rules = Rules(manifest, model, manifest.thresholds.min_confidence)
    numbers = Network(data, manifest, num_threads=1, source=path).run(pixels).numbers
    return (
        manifest,
        [rules.answer(name, each) for name, each in zip(table.images.image_id, numbers, strict=True)],
        table,
    )


def check_answers(folder: Path, model: str) -> Manifest:
    """Check that a file answers what the run's table says, by the thresholds that `evaluate` used."""
    manifest, answers, table = read_answers(folder, model)
    found = np.array([list(answer.probabilities.values()) for answer in answers])
    diagnoses = np.array([CLASSES.index(answer.diagnosis) for answer in answers])
    test = (table.images.split == "test").to_numpy()
    # The table has a validation image of an ensemble by a pool that was fitted to others.
    same = test if manifest.members else np.ones_like(test)
    assert found[same] == pytest.approx(table.y_prob[same], abs=1e-5)
    assert diagnoses[same].tolist() == table.y_pred[same].tolist()
    sets = build_sets(table, calibrate_sets(table.select("val"), 0.9))
    in_set = np.array([[name in answer.prediction_set for name in CLASSES] for answer in answers])
    assert in_set[test].tolist() == sets[test].tolist()
    malignancy = read_json(folder / f"metrics/{model}/malignancy.json")
    called = np.array([answer.is_called_malignant for answer in answers])
    assert called[same].tolist() == (table.y_prob[same, 0] >= malignancy["threshold"]).tolist()
    # Of 13 validation patients the ⌈0.95 · 14⌉-th, which is the last, is still accepted.
    like = [answer.status == "ok" for answer, is_test in zip(answers, test, strict=True) if not is_test]
    assert all(like)
    return manifest


def test_a_model_becomes_a_file_that_predicts_what_the_run_predicted(
    changed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = run_export(changed)
    folder = changed / "data/exports/custom_cnn"
    manifest = check_answers(changed, "custom_cnn")
    assert {path.name for path in folder.iterdir()} == {"model.onnx", "model.int8.onnx", "manifest.json"}
    assert read_manifest((folder / "manifest.json").read_text(), "it") == manifest
    assert metrics["split"] == "test"
    assert metrics["num_images"] == 78
    for size in (1, 64):
        assert 0 <= metrics[f"mean_difference_at_{size}"] <= metrics[f"largest_difference_at_{size}"] < 1e-5
        assert metrics[f"agreement_at_{size}"] == 1
    assert metrics["largest_difference_from_predictions"] < 1e-5
    assert metrics["num_bytes"] == (folder / "model.onnx").stat().st_size
    assert metrics["int8_num_bytes"] == (folder / "model.int8.onnx").stat().st_size
    assert metrics["int8"].startswith("written: it loses ")
    assert {"int8_val_balanced_accuracy", "int8_test_balanced_accuracy_lost_high"} <= metrics.keys()
    assert "model.int8.onnx is written: it loses" in capsys.readouterr().out
    of_int8, answers, table = read_answers(changed, "custom_cnn", "model.int8.onnx")
    test = (table.images.split == "test").to_numpy()
    called = np.array([CLASSES.index(answer.diagnosis) for answer in answers])
    recalls = [(called[test & (table.y_true == side)] == side).mean() for side in np.unique(table.y_true[test])]
    (score,) = of_int8.scores.values()
    assert of_int8.scores.keys() == {"balanced_accuracy"}
    assert score.value == pytest.approx(np.mean(recalls))
    assert metrics["int8_test_balanced_accuracy"] == pytest.approx(score.value, abs=1e-6)
    assert score.low is not None and score.high is not None and score.low <= score.value <= score.high
    assert of_int8.model_copy(update={"scores": manifest.scores}) == manifest

    test = read_json(changed / "metrics/custom_cnn/test.json")
    bounds = read_json(changed / "metrics/custom_cnn/intervals.json")
    accuracy = manifest.scores["balanced_accuracy"]
    assert (accuracy.value, accuracy.low) == (test["balanced_accuracy"], bounds["balanced_accuracy_low"])
    malignancy = read_json(changed / "metrics/custom_cnn/malignancy.json")
    assert manifest.scores["malignancy_sensitivity"].value == malignancy["sensitivity"]
    assert (manifest.num_test_images, manifest.num_test_groups) == (78, 13)
    assert manifest.members == {}
    assert manifest.hashes.data == {name: hash_file(changed / "data" / name) for name in INPUTS}
    assert [(each.name, each.is_malignant) for each in manifest.classes] == [
        ("melanoma", True),
        ("nevus", False),
        ("vascular_lesion", False),
    ]
    assert str(changed) not in (folder / "manifest.json").read_text()


@pytest.mark.slow
def test_an_ensemble_becomes_one_file_without_int8_if_it_is_not_tried(changed: Path) -> None:
    (changed / "data/exports/both").mkdir(parents=True)
    (changed / "data/exports/both/model.int8.onnx").write_text("of a former run")
    metrics = run_export(changed, "both", max_drop=None)
    manifest = check_answers(changed, "both")
    weights = read_json(changed / "metrics/both/ensemble.json")["weight"]
    assert manifest.members == weights and set(weights) == {"custom_cnn", "other"}
    assert set(manifest.hashes.checkpoints) == {"custom_cnn", "other"}
    assert {path.name for path in (changed / "data/exports/both").iterdir()} == {"model.onnx", "manifest.json"}
    assert not [name for name in metrics if "int8" in name]


def seal(folder: Path, model: str) -> None:
    """Leave of a run what `evaluate` writes under the seal."""
    path = folder / f"data/predictions/{model}.csv"
    write_predictions(path, read_predictions(path).select("val"))
    for name in ("test", "intervals"):
        write_json(folder / f"metrics/{model}/{name}.json", {"sealed": True})
    malignancy = read_json(folder / f"metrics/{model}/malignancy.json")
    write_json(
        folder / f"metrics/{model}/malignancy.json",
        {"has_malignant_side": True, "threshold": malignancy["threshold"], "sealed": True},
    )


@pytest.mark.slow
@pytest.mark.parametrize("model", ["other", "both"])
def test_a_sealed_run_is_checked_on_validation_and_its_file_has_no_scores(changed: Path, model: str) -> None:
    seal(changed, model)
    metrics = run_export(changed, model, max_drop=1)
    manifest, answers, _ = read_answers(changed, model)
    assert (metrics["split"], metrics["num_images"], len(answers)) == ("val", 78, 78)
    assert (manifest.scores, manifest.num_test_images, manifest.num_test_groups) == ({}, 0, 0)
    assert not [name for name in metrics if "test" in name]
    assert ("largest_difference_from_predictions" in metrics) == (model == "other")
    assert metrics["largest_difference_at_64"] < 1e-5


def test_without_a_malignant_side_there_is_no_malignancy(changed: Path) -> None:
    write_json(changed / "metrics/other/malignancy.json", {"has_malignant_side": False})
    run_export(changed, "other", max_drop=None)
    manifest, answers, _ = read_answers(changed, "other")
    assert manifest.thresholds.malignancy is None
    assert [each.is_malignant for each in manifest.classes] == [None] * 3
    assert {(answer.malignancy, answer.is_called_malignant) for answer in answers} == {(None, None)}
    assert not [name for name in manifest.scores if name.startswith("malignancy")]


def exchange(folder: Path) -> None:
    """Put the table of the other network in place."""
    path = folder / "data/predictions/custom_cnn.csv"
    path.write_bytes((folder / "data/predictions/other.csv").read_bytes())


def change_images(folder: Path) -> None:
    images = np.load(folder / "data/images.npy")
    images[0] ^= 255
    np.save(folder / "data/images.npy", images)


def rename(folder: Path) -> None:
    path = folder / "data/checkpoints/custom_cnn.safetensors"
    network, about = read_checkpoint(path, CPU)
    write_checkpoint(path, network.state_dict(), replace(about, model="resnet18"))


def reverse(folder: Path) -> None:
    path = folder / "data/classes.json"
    text = json.loads(path.read_text())
    write_json(path, text | {"classes": text["classes"][::-1], "diagnoses": text["diagnoses"][::-1]})
    weights = folder / "data/checkpoints/custom_cnn.safetensors"
    network, about = read_checkpoint(weights, CPU)
    hashes = about.inputs | {"classes.json": hash_file(path)}
    write_checkpoint(weights, network.state_dict(), replace(about, inputs=hashes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            exchange,
            r"predictions/custom_cnn\.csv: its probabilities differ by up to 0\.\d+ from what the",
        ),
        (change_images, r"custom_cnn\.safetensors: was trained with another images\.npy; run the stage train again"),
        (rename, r"custom_cnn\.safetensors: is a checkpoint of resnet18, expected custom_cnn"),
        (reverse, r"custom_cnn\.safetensors: has the classes melanoma, .*, expected vascular_lesion, "),
        (
            lambda folder: (folder / "data/checkpoints/custom_cnn.safetensors").unlink(),
            r"custom_cnn\.safetensors: not a whole checkpoint of this pipeline",
        ),
    ],
    ids=["other predictions", "other images", "other model", "other classes", "no checkpoint"],
)
def test_what_is_not_of_this_run_is_refused_and_nothing_is_written(
    changed: Path, change: Change, message: str
) -> None:
    change(changed)
    with pytest.raises(InputError, match=message):
        run_export(changed)
    assert not (changed / "data/exports").exists()
    assert not (changed / "metrics/custom_cnn/export.json").exists()


def test_a_file_that_predicts_otherwise_than_its_networks_is_not_written(
    changed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def export_broken(*arguments: Any) -> Any:
        """Export, and change the weights of the last layer as a faulty exporter would."""
        model = export_onnx(*arguments)
        (bias,) = [tensor for tensor in model.graph.initializer if tensor.name.endswith("linear_head.bias")]
        bias.raw_data = (np.frombuffer(bias.raw_data, np.float32) + np.array([1e-3, 0, 0], np.float32)).tobytes()
        return model

    monkeypatch.setattr(export, "export_onnx", export_broken)
    with pytest.raises(InputError, match=r"^the exported file differs from its networks, 1 images at a time: by"):
        run_export(changed, "other")
    assert not (changed / "data/exports").exists()
    assert not (changed / "metrics/other/export.json").exists()


def test_what_cannot_be_exported_is_named() -> None:
    with pytest.raises(InputError, match=r"^resnet18: has no convolution"), export.named_errors("resnet18"):
        raise InputError("has no convolution")
