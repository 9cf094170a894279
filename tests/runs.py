"""Write the outputs of training and evaluation, with predictions chosen by the test."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from ruamel.yaml import YAML

from lesions.evaluation.class_scores import list_class_scores
from lesions.evaluation.prediction_sets import calibrate_sets, list_set_rows, score_sets, summarise_sets
from lesions.evaluation.reliability import build_reliability_rows, score_reliability
from lesions.evaluation.risk import list_risk_by_coverage
from lesions.formats.json_file import write_json, write_metrics, write_plot_rows
from lesions.parameters.models import read_models
from lesions.report.about import AboutParameters
from lesions.splitting.characteristics import list_characteristics
from lesions.stage.code import Code, write_code
from lesions.tables.classes import Classes, write_classes
from lesions.tables.csv_table import write_table
from lesions.tables.digest import write_digest
from lesions.tables.predictions import Predictions, concatenate_predictions, write_predictions
from stages import compare, evaluate_malignancy, evaluate_subgroups, report
from tests.builders import ROOT, TASK, dataset_section, metadata_table, small_resnet18

CLASSES = ("melanoma", "nevus", "vascular_lesion")

COUNTS: dict[str, Any] = {
    "num_rows": 900,
    "num_images": 900,
    "num_lesions": 450,
    "num_patients": 400,
    "num_rejected": 0,
    "num_left_out_by_reason": {"no_diagnosis": 0, "repeated": 0},
    "num_lesions_of_several_patients": 0,
    "identifiers": {"patient_id": {"num_in_two_datasets": 0}, "lesion_id": {"num_in_two_datasets": 0}},
    "merged_words": {},
    "metadata_sha256": "cd" * 32,
}
"""The metrics of data that nothing is odd about."""

SPLIT: dict[str, Any] = {
    "grouped_by": "patient_id and lesion_id",
    "scheme": "group",
    "leaked_test_share": 0.0,
    "copied_test_share": 0.0,
    "image_wise_leaked_test_share": {"all": 0.4, "nevus": 0.5},
    "num_images_without_patient": 0,
    "num_images_without_identifier": 0,
    "num_test_images_without_identifier": 0,
    "num_images": {"train": 700, "val": 110, "test": 90},
    "tested_by": "shares",
    "num_siblings_of_listed_dropped": 0,
    "num_conflicting_images": 0,
    "num_conflicting_images_dropped": 0,
    "conflicting_images": {},
    "conflicting_pairs": {},
    "num_external_images": 0,
    "num_external_images_dropped": 0,
    "worst_share_deviation": 0.01,
    "test_images_sha256": "ab" * 32,
}
"""The metrics of a split that nothing is odd about."""

COPIES: dict[str, Any] = {
    "num_exact_pairs": 0,
    "num_near_pairs": 0,
    "num_pairs_without_shared_identifier": 0,
    "num_conflicting_pairs": 0,
    "largest_number_of_copies": 1,
}
"""The metrics of data without copies."""


GENERALISATION: dict[str, Any] = {
    "num_train_images": 110,
    "num_train_groups": 60,
    "train_balanced_accuracy": 0.9,
    "val_balanced_accuracy": 0.7,
    "test_balanced_accuracy": 0.6,
    "balanced_accuracy_lost_from_train_to_val": 0.2,
    "balanced_accuracy_lost_from_train_to_val_low": 0.11,
    "balanced_accuracy_lost_from_train_to_val_high": 0.29,
    "balanced_accuracy_lost_from_val_to_test": 0.1,
    "balanced_accuracy_lost_from_val_to_test_low": -0.05,
    "balanced_accuracy_lost_from_val_to_test_high": 0.25,
}
"""The metrics of a model that overfits."""


def build_predictions(y_true: np.ndarray, logits: np.ndarray, groups: Iterable[object] | None = None) -> Predictions:
    """Return predictions of test images, two per group by default."""
    named = [f"g{n // 2:05d}" for n in range(len(y_true))] if groups is None else list(map(str, groups))
    images = pd.DataFrame(
        {
            "image_id": [f"image_{n:04d}" for n in range(len(y_true))],
            "group_id": named,
            "split": "test",
        }
    )
    return Predictions(images, CLASSES, y_true, logits)


def true_classes(N: int = 90) -> np.ndarray:
    """Return true classes: a third of the images per class, in pairs of neighbours of the same class."""
    return np.arange(N) // 2 % len(CLASSES)


def guess(y_true: np.ndarray, skill: float, seed: int = 0) -> np.ndarray:
    """Return logits (N, 3) that predict the true class better with more skill."""
    noise = np.random.default_rng(seed).normal(size=(len(y_true), len(CLASSES)))
    return noise + skill * np.eye(len(CLASSES))[y_true]


def write_run(
    folder: Path,
    models: Mapping[str, Predictions],
    *,
    metric: str = "balanced_accuracy",
    val: Mapping[str, Predictions] | None = None,
) -> Path:
    """Write the outputs of the stages before `compare`, and return the parameter file.

    Parameters
    ----------
    val
        The models' predictions of validation images; by default those of the test images.
    """
    first = next(iter(models.values()))
    N = len(first.y_true)
    for model, predictions in models.items():
        on_validation = (val or models)[model]
        write_predictions(folder / f"data/predictions/{model}.csv", with_validation(predictions, on_validation))
        write_model(folder, model, predictions)
    diagnoses = [CLASSES[code] for code in first.y_true]
    sex = np.where(np.arange(N) // 6 % 2, "female", "male")
    test = metadata_table(diagnoses, image_id=first.images.image_id.tolist(), sex=sex.tolist())
    metadata = pd.concat([test, test.assign(image_id="val_" + test.image_id)])
    write_table(folder / "data/metadata.csv", metadata, sort_by="image_id")
    write_classes(
        folder / "data/classes.json",
        Classes(CLASSES, tuple((name,) for name in CLASSES), (300, 500, 200), (1.0, 1.0, 1.0)),
    )
    prior = Predictions(first.images, CLASSES, first.y_true, np.log(np.tile([0.3, 0.5, 0.2], (N, 1))))
    write_predictions(folder / "data/predictions/baselines/class_prior.csv", with_validation(prior))
    for seed, probe in enumerate(("metadata_probe", "border_probe"), start=50):
        predicted = Predictions(first.images, CLASSES, first.y_true, 0.1 * guess(first.y_true, 0, seed))
        write_predictions(folder / f"data/predictions/probes/{probe}.csv", with_validation(predicted))
    write_metrics(folder / "metrics/data.json", COUNTS)
    write_metrics(folder / "metrics/split.json", SPLIT | {"num_images": {"train": 810 - N, "val": 90, "test": N}})
    write_metrics(folder / "metrics/near_duplicates.json", COPIES)
    (folder / "data/pictures").mkdir(exist_ok=True)
    Image.new("RGB", (40, 20), "white").save(folder / "data/pictures/near_duplicates.png")
    shares = [
        {"diagnosis": name, "split": split, "num_images": 10 * (k + 1)}
        for k, name in enumerate(CLASSES)
        for split in ("train", "val", "test")
    ]
    write_plot_rows(folder / "plots/split/shares.json", shares)
    in_splits = pd.concat([test.assign(split="test"), test.assign(split="train")])
    write_json(folder / "data/characteristics.json", list_characteristics(in_splits))
    write_code(folder / "data/code/report.json", Code({"stages/report.py": "ab" * 32}, {"numpy": "2.1.0"}))
    return write_parameters(folder, list(models), metric)


def write_parameters(
    folder: Path, models: list[str], metric: str = "balanced_accuracy", *, exported: Iterable[str] = ()
) -> Path:
    """Write a parameter file that lists the models, and those of them that are exported."""
    weights = {"weights": "/home/someone/weights.pth", "weights_sha256": "ab" * 32}
    architecture = small_resnet18(size_px=64, **weights).model_dump(mode="json")
    parameters: dict[str, Any] = {
        "about": dict.fromkeys(AboutParameters.model_fields),
        "models": models,
        "dataset": dataset_section("data/raw/synthetic", "synthetic"),
        "architectures": {model: dict(architecture) for model in models},
        "compare": {"metric": metric},
        "evaluation": {
            "num_views": 1,
            "calibration": "auto",
            "set_confidence": 0.9,
            "sensitivity": 0.95,
            "prevalence": [0.02, 0.1],
            "min_subgroup_groups": 5,
            "min_malignant_groups": 5,
        },
        "export": {
            "models": [*exported],
            "ensembles": [],
            "min_confidence": 0.5,
            "accepted_fraction": 0.95,
            "max_drop": 0.02,
        },
        "task": TASK,
    }
    path = folder / f"params_{'_'.join(models)}.yaml"
    YAML(typ="safe", pure=True).dump(parameters, path)
    return path


def with_validation(predictions: Predictions, val: Predictions | None = None) -> Predictions:
    """Return the predictions of the test images together with those of validation images, by default the same."""
    val = val or predictions
    images = val.images.assign(image_id="val_" + val.images.image_id, split="val")
    return concatenate_predictions([predictions, replace(val, images=images)])


def write_model(folder: Path, model: str, predictions: Predictions) -> None:
    """Write the outputs of `train` and `evaluate` for a model, except its predictions."""
    history = [
        {"epoch": epoch, "split": split, "loss": 1 / epoch, "balanced_accuracy": 0.5, "macro_f1": 0.1 * epoch}
        for epoch in (1, 2, 3)
        for split in ("train", "val")
    ]
    write_plot_rows(folder / f"plots/history/{model}.json", history)
    write_metrics(
        folder / f"metrics/{model}/train.json", {"best_epoch": 2, "num_epochs": 3, "num_parameters": 11_000_000}
    )
    reliability = score_reliability(predictions.y_true, predictions.logits)
    for file in ("val", "test"):
        write_metrics(folder / f"metrics/{model}/{file}.json", reliability)
    before = {f"test_{name}_before": 2 * value for name, value in reliability.items()}
    write_metrics(
        folder / f"metrics/{model}/calibration.json", {"method": "temperature", "shifts_prior": True, **before}
    )
    bounds = {f"{name}_{bound}": value for name, value in reliability.items() for bound in ("low", "high")}
    chance = {f"expected_calibration_error_by_chance{bound}": 0.05 for bound in ("", "_low", "_high")}
    write_metrics(folder / f"metrics/{model}/intervals.json", bounds | chance)
    write_metrics(folder / f"metrics/{model}/external.json", {})
    write_metrics(folder / f"metrics/{model}/generalisation.json", GENERALISATION)
    write_digest(folder / f"metrics/{model}/digest.json", predictions)
    plots = folder / f"plots/{model}"
    write_plot_rows(plots / "reliability.json", build_reliability_rows(predictions, predictions))
    write_plot_rows(plots / "risk.json", list(list_risk_by_coverage(predictions)))
    write_plot_rows(plots / "classes.json", list_class_scores(predictions))
    rules = calibrate_sets(predictions, 0.9)
    sets = score_sets(predictions, rules)
    write_metrics(folder / f"metrics/{model}/sets.json", summarise_sets(rules, sets, 0.9))
    write_plot_rows(plots / "sets.json", list_set_rows(CLASSES, rules, sets))
    for file in ("confusion", "roc", "precision_recall"):
        write_plot_rows(folder / f"plots/{model}/{file}.json", [])
    pictures = folder / f"data/pictures/{model}"
    pictures.mkdir(parents=True)
    Image.new("RGB", (20, 20), "brown").save(pictures / "mistake_01.png")
    Image.new("RGB", (20, 20), "pink").save(pictures / "mistake_02.png")
    mistakes = [
        {"picture": "mistake_01.png", "row": 7, "true": "nevus", "predicted": "melanoma", "probability": 0.9},
        {"picture": "mistake_02.png", "row": 8, "true": "melanoma", "predicted": "nevus", "probability": 0.6},
    ]
    write_json(
        pictures / "mistakes.json",
        [one | {"probability_of_true": 0.05, "is_missed": one["true"] == "melanoma"} for one in mistakes],
    )
    checkpoint = folder / f"data/checkpoints/{model}.safetensors"
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.write_bytes(b"weights")


def run_compare(folder: Path, params: Path) -> None:
    compare.main(folder / "data", folder / "metrics", folder / "plots", params)


def run_scoring(folder: Path, params: Path, model: str) -> None:
    """Run the stages between `evaluate` and `report` for one model."""
    predictions, metrics, plots = (
        folder / name for name in (f"data/predictions/{model}.csv", f"metrics/{model}", f"plots/{model}")
    )
    evaluate_malignancy.main(
        model,
        predictions,
        folder / "data/classes.json",
        folder / "data/metadata.csv",
        folder / "metrics",
        folder / "plots",
        params,
    )
    evaluate_subgroups.main(
        predictions,
        folder / "data/metadata.csv",
        folder / "data/classes.json",
        metrics / "malignancy.json",
        metrics / "subgroups.json",
        plots / "subgroups.json",
        params,
    )


def run_report(folder: Path, params: Path) -> Path:
    """Write the report of a run after `compare`, and return its path."""
    for model in read_models(params):
        run_scoring(folder, params, model)
    page, cards, checklist = (folder / "report" / name for name in ("index.html", "cards", "checklist.md"))
    defaults = ROOT / "presets/default.yaml"
    report.main(folder / "data", folder / "metrics", folder / "plots", defaults, page, cards, checklist, params)
    return page
