"""The stage that predicts altered test images, on a small network and on the tiny run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from ruamel.yaml import YAML
from torch import nn

from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.networks.architecture import build_network
from lesions.networks.checkpoint import CheckpointMetadata, write_checkpoint
from lesions.networks.inference import predict_outputs
from lesions.networks.source import open_source
from lesions.tables.calibrations import Calibration, write_calibration
from lesions.tables.classes import Classes, write_classes
from lesions.tables.predictions import (
    Predictions,
    concatenate_predictions,
    read_predictions,
    write_predictions,
)
from lesions.tables.splits import write_splits
from lesions.transforms.conditions import AMOUNTS, STRENGTHS
from lesions.transforms.preprocessing import Preprocessing
from stages import evaluate_robustness
from tests.builders import HARDWARE, TASK, metadata_table, small_cnn
from tests.repository import MODELS, Repository

N = 60
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


def robust(corruptions: object, strengths: object = [*STRENGTHS]) -> dict[str, object]:
    """Return the section `robustness`."""
    return {"corruptions": corruptions, "strengths": strengths}


@dataclass(frozen=True)
class Run:
    """The files of a run of one small network on 60 test images and 60 of validation."""

    root: Path
    diagnoses: tuple[str, ...]

    def evaluate(self, **sections: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Run the stage, and return the metrics and the rows that it wrote."""
        params = self.root / f"params{len([*self.root.glob('params*')])}.yaml"
        written = {"task": TASK, "hardware": HARDWARE, "robustness": robust(["jpeg", "darker"])} | sections
        YAML(typ="safe", pure=True).dump(written, params)
        files = {name: self.root / name for name in ("checkpoint", "calibration", "metrics", "plot")}
        files |= {name: self.root / f"{name}.csv" for name in ("predictions", "metadata", "splits")}
        files |= {name: self.root / f"{name}.json" for name in ("classes", "malignancy")}
        evaluate_robustness.main("small", images=self.root / "images.npy", params=params, **files)
        metrics, rows = (json.loads(path.read_text()) for path in (files["metrics"], files["plot"]))
        return metrics, rows


def train(network: nn.Module, pixels: torch.Tensor, y_true: torch.Tensor) -> None:
    """Fit a network to images (N, H, W, 3) for a few steps, and leave it ready to predict."""
    preprocessing = Preprocessing(16, MEAN, STD)
    inputs = preprocessing.normalise(preprocessing.resize(preprocessing.prepare(pixels)))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    network.train()
    for _ in range(30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(inputs), y_true).backward()
        optimizer.step()
    network.eval()


def build_run(root: Path, diagnoses: tuple[str, ...] = ("melanoma", "nevus"), *, ignores_images: bool = False) -> Run:
    """Write the files of a run; the threshold for malignancy is the median probability."""
    root.mkdir(exist_ok=True)
    generator = np.random.default_rng(0)
    K = len(diagnoses)
    y_true = np.arange(2 * N) // 2 % K
    noise = generator.normal(0, 30, (2 * N, 18, 18, 3))
    pixels = (60 + 120 * y_true[:, None, None, None] / K + noise).clip(0, 255).astype(np.uint8)
    np.save(root / "images.npy", pixels)
    metadata = metadata_table([diagnoses[code] for code in y_true])
    metadata.to_csv(root / "metadata.csv", index=False)
    groups = [f"g{n // 2:03d}" for n in range(2 * N)]
    images = pd.DataFrame({"image_id": metadata.image_id, "group_id": groups, "split": ["test"] * N + ["val"] * N})
    write_splits(root / "splits.csv", images)
    write_classes(
        root / "classes.json", Classes(diagnoses, tuple((name,) for name in diagnoses), (50,) * K, (1.0,) * K)
    )
    torch.manual_seed(0)
    architecture = small_cnn()
    network = build_network(architecture, K, pretrained=False).eval()
    train(network, torch.from_numpy(pixels), torch.from_numpy(y_true))
    if ignores_images:
        nn.init.zeros_(network.head[-1].weight)  # type: ignore[index]
    inputs = {name: hash_file(root / name) for name in ("images.npy", "metadata.csv", "splits.csv", "classes.json")}
    about = CheckpointMetadata(
        "small", diagnoses, tuple((name,) for name in diagnoses), architecture, MEAN, STD, inputs, {}, None
    )
    write_checkpoint(root / "checkpoint", network.state_dict(), about)
    outputs = predict_outputs(
        network,
        open_source(pixels, torch.device("cpu")),
        np.arange(2 * N),
        preprocessing=Preprocessing(architecture.size_px, MEAN, STD),
    )
    calibration = Calibration(diagnoses, "vector", (1.7,) * K, tuple(0.1 * k for k in range(K)), (0.0,) * K, "", 1)
    write_calibration(root / "calibration", calibration)
    called = outputs.argmax(axis=1)
    predictions = Predictions(images, diagnoses, y_true, calibration.apply(outputs), called)
    write_predictions(root / "predictions.csv", predictions)
    threshold = float(np.median(read_predictions(root / "predictions.csv").y_prob[:, 0]))
    (root / "malignancy.json").write_text(json.dumps({"threshold": round(threshold, 6)}))
    return Run(root, diagnoses)


def test_each_condition_has_a_row_for_each_metric_and_the_worst_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics, rows = build_run(tmp_path).evaluate()
    assert len(rows) == 2 * 2 * 5 and metrics["num_conditions"] == 10
    for metric in ("balanced_accuracy", "sensitivity"):
        of_metric = [row for row in rows if row["metric"] == metric]
        worst = min(of_metric, key=lambda row: row["difference"])
        assert metrics[f"worst_{metric}"] == worst["value"]
        assert (metrics[f"worst_{metric}_corruption"], metrics[f"worst_{metric}_strength"]) == (
            worst["corruption"],
            worst["strength"],
        )
        for row in of_metric:
            assert row["value"] - metrics[f"unaltered_{metric}"] == pytest.approx(row["difference"], abs=2e-6)
    assert metrics["worst_balanced_accuracy_difference"] < -0.2
    printed = capsys.readouterr().out
    assert "balanced accuracy strength 1" in printed
    assert " for the worst of 10: " in printed


def test_a_second_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = build_run(tmp_path)
    run.evaluate(robustness=robust(["hairs", "rotation"]))
    first = [(tmp_path / name).read_bytes() for name in ("metrics", "plot")]
    run.evaluate(robustness=robust(["hairs", "rotation"]))
    assert first == [(tmp_path / name).read_bytes() for name in ("metrics", "plot")]


@pytest.mark.parametrize("diagnoses", [("melanoma", "nevus"), ("melanoma", "nevus", "vascular_lesion")])
def test_a_network_that_ignores_the_image_loses_exactly_nothing(
    tmp_path: Path, diagnoses: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    metrics, rows = build_run(tmp_path, diagnoses, ignores_images=True).evaluate()
    assert [(row["difference"], row["low"], row["high"]) for row in rows] == [(0, 0, 0)] * len(rows)
    assert metrics["unaltered_balanced_accuracy"] == pytest.approx(1 / len(diagnoses), abs=1e-6)
    assert metrics["worst_balanced_accuracy_difference_low"] == 0
    assert "the balanced accuracy falls under none of 10 conditions" in capsys.readouterr().out


def test_images_that_are_not_altered_score_what_they_scored_in_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With light × 1, every image is stored as it was."""
    monkeypatch.setitem(AMOUNTS, "darker", (1.0,))
    _, rows = build_run(tmp_path).evaluate(robustness=robust(["darker"], [1]))
    assert [(row["difference"], row["low"], row["high"]) for row in rows] == [(0, 0, 0)] * 2


@pytest.mark.parametrize(
    ("malignant", "about"),
    [
        ((), {"has_malignant_side": False}),
        (("melanoma",), {"has_malignant_side": False}),
        (("melanoma",), {"threshold": 0.0}),
    ],
    ids=["no malignant class", "no threshold", "a threshold that calls all"],
)
def test_without_a_malignant_side_there_is_no_sensitivity(
    tmp_path: Path, malignant: tuple[str, ...], about: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    run = build_run(tmp_path, (*malignant, "nevus", "vascular_lesion"))
    (tmp_path / "malignancy.json").write_text(json.dumps(about))
    metrics, rows = run.evaluate()
    assert {row["metric"] for row in rows} == {"balanced_accuracy"}
    assert not [name for name in metrics if "sensitivity" in name]
    assert "the sensitivity for malignancy is not computed" in capsys.readouterr().out


def test_sealed_test_images_are_not_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = build_run(tmp_path)
    table = read_predictions(tmp_path / "predictions.csv")
    write_predictions(tmp_path / "predictions.csv", concatenate_predictions([table.select("val")]))
    assert run.evaluate() == ({"schema": 1, "sealed": True}, [])
    assert "The test images are sealed" in capsys.readouterr().out


def test_an_empty_list_alters_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metrics, rows = build_run(tmp_path).evaluate(robustness=robust([]))
    assert (metrics["num_conditions"], rows) == (0, [])
    assert not [name for name in metrics if "balanced_accuracy" in name]
    assert "robustness.corruptions is empty" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (robust(["fog"]), r"robustness\.corruptions\.0: expected 'blur', .*, got 'fog'"),
        (robust(["blur", "blur"]), r"robustness\.corruptions: names blur more than once"),
        (robust("blur"), r"robustness\.corruptions: expected a list, got 'blur'"),
        (robust(["blur"], [0]), r"robustness\.strengths\.0: .*, got 0"),
        (robust(["blur"], [1, 6]), r"robustness\.strengths\.1: .*, got 6"),
        (robust(["blur"], [3, 3]), r"robustness\.strengths: names 3 more than once"),
        (robust(["blur"], []), r"robustness\.strengths: .* at least 1 item"),
        (robust(["blur"], 3), r"robustness\.strengths: expected a list, got 3"),
    ],
)
def test_a_corruption_or_strength_that_there_is_not_is_refused(
    tmp_path: Path, section: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        build_run(tmp_path).evaluate(robustness=section)


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    run = build_run(tmp_path)
    table = pd.read_csv(tmp_path / "splits.csv").assign(split="test")
    table.to_csv(tmp_path / "splits.csv", index=False)
    with pytest.raises(InputError, match=r"checkpoint: was trained with another splits\.csv"):
        run.evaluate()
    assert not (tmp_path / "metrics").exists()


@pytest.mark.parametrize("model", MODELS)
def test_the_tiny_run_has_all_conditions(tiny: Repository, model: str) -> None:
    metrics = json.loads((tiny.root / f"metrics/{model}/robustness.json").read_text())
    test = json.loads((tiny.root / f"metrics/{model}/test.json").read_text())
    rows = json.loads((tiny.root / f"plots/{model}/robustness.json").read_text())
    assert metrics["num_conditions"] == 9
    assert metrics["unaltered_balanced_accuracy"] == test["balanced_accuracy"]
    assert len(rows) in (9, 18)
