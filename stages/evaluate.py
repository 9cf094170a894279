"""Calibrate one model on validation, score it on validation and test, and save its most confident mistakes.

    python -m stages.evaluate --code data/code/evaluate.json --model resnet18 --logits data/logits/resnet18.csv
        --recipe data/recipes/resnet18.json --classes data/classes.json --images data/images.npy
        --metadata data/metadata.csv --data data --metrics metrics --plots plots

The logits of HAM10000 (1,198 images for validation, 1,196 for test) take a few seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from lesions.errors import InputError
from lesions.evaluation.calling import describe_calling
from lesions.evaluation.class_scores import list_class_scores, list_confusion
from lesions.evaluation.comparison import measure_metrics
from lesions.evaluation.cross_fitting import FittedCalibration, describe_calibration, fit_best_calibration
from lesions.evaluation.curves import build_precision_recall_rows, build_roc_rows
from lesions.evaluation.external import score_external
from lesions.evaluation.generalisation import score_generalisation
from lesions.evaluation.interval import estimate_score, list_bounds, list_estimates
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.prediction_sets import calibrate_sets, list_set_rows, score_sets, summarise_sets
from lesions.evaluation.reliability import (
    build_reliability_rows,
    estimate_chance_error,
    estimate_proper_scores,
    score_reliability,
)
from lesions.evaluation.risk import list_risk_by_coverage
from lesions.evaluation.seal import SEALED, SENTENCE, list_sealed_splits, write_sealed
from lesions.evaluation.summary import summarise_scores
from lesions.formats.atomic import atomic_folder
from lesions.formats.json_file import DECIMALS, write_json, write_metrics, write_plot_rows
from lesions.formats.sha256 import hash_file
from lesions.images.cache import read_cache
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.calibrations import Calibration, write_calibration
from lesions.tables.classes import read_classes
from lesions.tables.digest import write_digest
from lesions.tables.ensembles import is_ensemble, read_ensemble
from lesions.tables.metadata import read_metadata
from lesions.tables.paths import MetricsName, ModelPaths, PlotName
from lesions.tables.predictions import Predictions, concatenate_predictions, read_logits, write_predictions
from lesions.tables.splits import EXTERNAL, SCORED_SPLITS
from lesions.training.prior_shift import compute_prior_shift
from lesions.training.recipe import read_recipe

NUM_MISTAKES = 12
"""Number of mistakes whose pictures are saved."""

TEST_METRICS: tuple[MetricsName, ...] = ("test", "intervals", "sets", "external", "digest")
"""The metrics files of test images alone."""

TEST_PLOTS: tuple[PlotName, ...] = ("classes", "confusion", "roc", "precision_recall", "reliability", "risk", "sets")
"""The plots, all of test images."""

Splits = Mapping[str, Predictions]
"""The predictions of each split that has images and is not sealed, `train` being a sample."""


def main(
    model: Annotated[str, typer.Option(help="The name of the model to score.")],
    logits: Annotated[Path, typer.Option(help="The model's raw logits.")],
    recipe: Annotated[
        Path, typer.Option(help="The settings that the network was trained with, or the weights of the ensemble.")
    ],
    classes: Annotated[Path, typer.Option(help="Classes, training images and weights.")],
    images: Annotated[Path, typer.Option(help="Every decoded image, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row per image.")],
    data: Annotated[
        Path, typer.Option(help="Written in this folder: predictions/, calibrations/, pictures/, for the model.")
    ],
    metrics: Annotated[Path, typer.Option(help="Written in this folder: <model>/val.json, test.json and others.")],
    plots: Annotated[Path, typer.Option(help="Written in this folder: <model>/, the rows of its plots.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Calibrate the logits on validation, and score; plots are of the test images, and empty if these are sealed."""
    parameters = read_section(params, "evaluation", EvaluationParameters)
    paths = ModelPaths(model, data, metrics, plots)
    predictions = read_logits(logits)
    prior_shift = find_prior_shift(predictions, recipe, classes)
    raw = split_predictions(predictions.with_metadata(read_metadata(metadata)), sealed=list_sealed_splits(params))
    fitted = fit_best_calibration(raw["val"], parameters.calibration, prior_shift=prior_shift)
    # Rounded as in its file, so that reading the file gives the same probabilities.
    scale, shift, by_prior = (
        tuple(values.round(DECIMALS).tolist()) for values in (fitted.scale, fitted.shift, prior_shift)
    )
    calibration = Calibration(
        predictions.classes, fitted.method, scale, shift, by_prior, hash_file(logits), parameters.num_views
    )
    write_calibration(paths.calibration, calibration)
    calibrated = {
        split: replace(each, logits=calibration.apply(each.logits), called=each.y_pred) for split, each in raw.items()
    }
    write_scores(paths, raw, calibrated, fitted)
    print(describe_calibration(fitted))
    if "test" in calibrated:
        write_test_scores(paths, calibrated)
        write_plots(paths, raw["test"], calibrated["test"])
        write_sets(paths, calibrated, parameters.set_confidence)
        with atomic_folder(paths.pictures) as folder:
            write_mistakes(folder, calibrated["test"], read_cache(images))
        print(describe_calling({model: calibrated["test"]}))
    else:
        write_sealed(map(paths.metrics_file, TEST_METRICS), map(paths.plot_file, TEST_PLOTS))
        with atomic_folder(paths.pictures) as folder:
            write_json(folder / "mistakes.json", [])
        print(SENTENCE)


def find_prior_shift(predictions: Predictions, recipe: Path, classes: Path) -> NDArray[np.float64]:
    """Return what would undo the prior of training (K,); raise InputError if the classes are not the logits'."""
    known = read_classes(classes)
    if known.classes != predictions.classes:
        raise InputError(
            f"{classes}: has the classes {', '.join(known.classes):.80}, but the logits are of "
            f"{', '.join(predictions.classes):.80}; run the stage predict again"
        )
    if recipe.is_file() and is_ensemble(recipe):
        return read_ensemble(recipe).list_prior_shift(known.classes)
    settings = read_recipe(recipe)
    return compute_prior_shift(known, settings.loss, settings.sampling)


def split_predictions(predictions: Predictions, *, sealed: Sequence[str]) -> dict[str, Predictions]:
    """Return the predictions of each split that has images and is not sealed."""
    return {split: predictions.select(split) for split in sorted({*predictions.images.split}.difference(sealed))}


def write_scores(paths: ModelPaths, raw: Splits, calibrated: Splits, fitted: FittedCalibration) -> None:
    """Write the predictions, and the metrics that are not of test images alone."""
    seal = {} if "test" in calibrated else SEALED
    scored = [calibrated[split] for split in (*SCORED_SPLITS, EXTERNAL) if split in calibrated]
    write_predictions(paths.predictions, concatenate_predictions(scored))
    write_metrics(paths.metrics_file("val"), summarise_scores(calibrated["val"], out_of_fold=fitted.out_of_fold))
    write_metrics(paths.metrics_file("calibration"), summarise_calibration(raw, fitted) | seal)
    write_metrics(paths.metrics_file("generalisation"), score_generalisation(calibrated) | seal)


def write_test_scores(paths: ModelPaths, calibrated: Splits) -> None:
    """Write the metrics of the test images and of other datasets."""
    test = calibrated["test"]
    write_metrics(paths.metrics_file("test"), summarise_scores(test))
    write_metrics(paths.metrics_file("intervals"), list_intervals(test))
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


def write_sets(paths: ModelPaths, calibrated: Splits, confidence: float) -> None:
    """Calibrate prediction sets on validation, and write what they are worth on test."""
    rules = calibrate_sets(calibrated["val"], confidence)
    scores = score_sets(calibrated["test"], rules)
    write_metrics(paths.metrics_file("sets"), summarise_sets(rules, scores, confidence))
    write_plot_rows(paths.plot_file("sets"), list_set_rows(calibrated["test"].classes, rules, scores))


def summarise_calibration(raw: Splits, fitted: FittedCalibration) -> dict[str, Any]:
    """Return the method, what each candidate was worth on validation, and what raw logits are worth."""
    before = {
        f"{split}_{name}_before": value
        for split in SCORED_SPLITS
        if split in raw
        for name, value in score_reliability(raw[split].y_true, raw[split].logits).items()
    }
    return {
        "method": fitted.method,
        "num_folds": fitted.num_folds,
        "num_groups_of_rarest_class": fitted.num_groups_of_rarest_class,
        "val_log_loss_cross_fitted": fitted.log_losses,
        **before,
    }


def list_intervals(predictions: Predictions) -> dict[str, float]:
    """Return the bounds of the 95 % intervals, and the calibration error that calibrated probabilities would have."""
    (measured,) = measure_metrics({"model": predictions}, seed=0).values()
    scores = {metric: estimate_score(measurement) for metric, measurement in measured.items()}
    by_chance = {"expected_calibration_error_by_chance": estimate_chance_error(predictions)}
    return list_bounds(scores | estimate_proper_scores(predictions)) | list_estimates(by_chance)


def write_mistakes(folder: Path, predictions: Predictions, pixels: NDArray[np.uint8]) -> None:
    """Write the misclassified images that are called a wrong class with the highest probability, and a list of them.

    The list identifies them by the column `row` of `data/metadata.csv`, because an `image_id` may contain the name of
    a patient.
    """
    confidence = predictions.confidence
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
