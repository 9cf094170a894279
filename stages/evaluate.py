"""Calibrate one model on validation, score it on validation and test, and save its most confident mistakes.

    python -m stages.evaluate --code data/code/evaluate.json --model resnet18 --logits data/logits/resnet18.csv
        --images data/images.npy --metadata data/metadata.csv --data data --metrics metrics --plots plots

The logits of HAM10000 (1,198 images for validation, 1,196 for test) take a few seconds.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from lesions.evaluation.calibration import fit_calibration
from lesions.evaluation.comparison import measure_metrics
from lesions.evaluation.curves import build_precision_recall_rows, build_roc_rows
from lesions.evaluation.external import score_external
from lesions.evaluation.generalisation import score_generalisation
from lesions.evaluation.interval import estimate_score, list_bounds
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.reliability import build_reliability_rows, list_risk_by_coverage, score_reliability
from lesions.evaluation.scores import count_confusion, score_classes
from lesions.evaluation.summary import summarise_scores
from lesions.formats.atomic import atomic_folder
from lesions.formats.json_file import DECIMALS, write_json, write_metrics, write_plot_rows
from lesions.formats.sha256 import hash_file
from lesions.images.cache import read_cache
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.calibrations import Calibration, write_calibration
from lesions.tables.digest import write_digest
from lesions.tables.metadata import read_metadata
from lesions.tables.paths import ModelPaths
from lesions.tables.predictions import Predictions, concatenate_predictions, read_logits, write_predictions
from lesions.tables.splits import EXTERNAL, SCORED_SPLITS

NUM_MISTAKES = 12
"""Number of mistakes whose pictures are saved."""

Splits = Mapping[str, Predictions]
"""The predictions of each split that has images, `train` being a sample."""


def main(
    model: Annotated[str, typer.Option(help="The name of the model to score.")],
    logits: Annotated[Path, typer.Option(help="The model's raw logits.")],
    images: Annotated[Path, typer.Option(help="Every decoded image, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row per image.")],
    data: Annotated[
        Path, typer.Option(help="Written in this folder: predictions/, calibrations/, pictures/, for the model.")
    ],
    metrics: Annotated[Path, typer.Option(help="Written in this folder: <model>/val.json, test.json and others.")],
    plots: Annotated[Path, typer.Option(help="Written in this folder: <model>/, the rows of its plots.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Calibrate the logits on validation, and score; plots are of the test images."""
    parameters = read_section(params, "evaluation", EvaluationParameters)
    paths = ModelPaths(model, data, metrics, plots)
    raw = split_predictions(read_logits(logits).with_metadata(read_metadata(metadata)))
    calibration = calibrate(raw["val"], parameters, logits)
    write_calibration(paths.calibration, calibration)
    calibrated = {
        split: replace(each, logits=calibration.apply(each.logits), called=each.y_pred) for split, each in raw.items()
    }
    write_scores(paths, raw, calibrated)
    write_plots(paths, raw["test"], calibrated["test"])
    with atomic_folder(paths.pictures) as folder:
        write_mistakes(folder, calibrated["test"], read_cache(images))


def split_predictions(predictions: Predictions) -> dict[str, Predictions]:
    """Return the predictions of each split that has images."""
    return {split: predictions.select(split) for split in sorted(set(predictions.images.split))}


def calibrate(val: Predictions, parameters: EvaluationParameters, logits: Path) -> Calibration:
    """Fit the calibration to the validation images' logits."""
    fitted = fit_calibration(val.logits, val.y_true, parameters.calibration)
    # Rounded as in its file, so that reading the file gives the same probabilities.
    scale, shift = (tuple(values.round(DECIMALS).tolist()) for values in fitted)
    return Calibration(val.classes, scale, shift, hash_file(logits), parameters.num_views)


def write_scores(paths: ModelPaths, raw: Splits, calibrated: Splits) -> None:
    """Write the predictions and all metrics of a model."""
    test = calibrated["test"]
    scored = [calibrated[split] for split in (*SCORED_SPLITS, EXTERNAL) if split in calibrated]
    write_predictions(paths.predictions, concatenate_predictions(scored))
    write_metrics(paths.metrics_file("val"), summarise_scores(calibrated["val"]))
    write_metrics(paths.metrics_file("test"), summarise_scores(test))
    write_metrics(paths.metrics_file("intervals"), list_intervals(test))
    write_metrics(paths.metrics_file("before_calibration"), score_before_calibration(raw))
    write_metrics(paths.metrics_file("generalisation"), score_generalisation(calibrated))
    external = score_external(test, calibrated[EXTERNAL]) if EXTERNAL in calibrated else {}
    write_metrics(paths.metrics_file("external"), external)
    write_digest(paths.metrics_file("digest"), test)


def write_plots(paths: ModelPaths, raw: Predictions, test: Predictions) -> None:
    """Write the rows of all plots of the test images, raw and calibrated."""
    write_plot_rows(paths.plot_file("classes"), list_class_scores(test))
    write_plot_rows(paths.plot_file("confusion"), list_confusion(test))
    write_plot_rows(paths.plot_file("roc"), build_roc_rows(test))
    write_plot_rows(paths.plot_file("precision_recall"), build_precision_recall_rows(test))
    write_plot_rows(paths.plot_file("reliability"), build_reliability_rows(test, raw))
    write_plot_rows(paths.plot_file("risk"), list(list_risk_by_coverage(test)))


def score_before_calibration(raw: Splits) -> dict[str, float]:
    """Return what the probabilities of raw logits are worth, to be compared with the calibrated ones."""
    return {
        f"{split}_{name}": value
        for split in SCORED_SPLITS
        for name, value in score_reliability(raw[split].y_true, raw[split].logits).items()
    }


def list_intervals(predictions: Predictions) -> dict[str, float]:
    """Return the bounds of the 95 % interval of each headline metric."""
    (measured,) = measure_metrics({"model": predictions}, seed=0).values()
    return list_bounds({metric: estimate_score(measurement) for metric, measurement in measured.items()})


def list_class_scores(predictions: Predictions) -> list[dict[str, Any]]:
    """Return one row per class and score; undefined scores are omitted."""
    scores = score_classes(predictions.y_true, predictions.y_pred, len(predictions.classes))
    kinds = {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
    return [
        {"diagnosis": name, "score": kind, "value": float(values[code]), "support": int(scores.support[code])}
        for code, name in enumerate(predictions.classes)
        for kind, values in kinds.items()
        if np.isfinite(values[code])
    ]


def list_confusion(predictions: Predictions) -> list[dict[str, Any]]:
    """Return one row per pair of true and predicted class: number of images, and their share of the true class."""
    codes = range(len(predictions.classes))
    confusion = count_confusion(predictions.y_true, predictions.y_pred, len(codes))
    return [
        {
            "true": predictions.classes[true],
            "predicted": predictions.classes[guess],
            "num_images": int(confusion[true, guess]),
            "share": float(confusion[true, guess] / max(1, confusion[true].sum())),
        }
        for true in codes
        for guess in codes
    ]


def write_mistakes(folder: Path, predictions: Predictions, pixels: NDArray[np.uint8]) -> None:
    """Write the misclassified images whose wrong class has the highest probability, and a list of them.

    The list identifies them by the column `row` of `data/metadata.csv`, because an `image_id` may contain the name of
    a patient.
    """
    confidence = predictions.y_prob.max(axis=1)
    wrong = np.flatnonzero(predictions.y_pred != predictions.y_true)
    listed = []
    for rank, index in enumerate(wrong[np.argsort(-confidence[wrong], kind="stable")][:NUM_MISTAKES], start=1):
        row = int(predictions.images.row.iloc[index])
        picture = f"mistake_{rank:02d}.png"
        Image.fromarray(pixels[row]).save(folder / picture)
        listed.append(
            {
                "picture": picture,
                "row": row,
                "true": predictions.classes[predictions.y_true[index]],
                "predicted": predictions.classes[predictions.y_pred[index]],
                "probability": float(confidence[index]),
            }
        )
    write_json(folder / "mistakes.json", listed)


if __name__ == "__main__":
    run_stage(main)
