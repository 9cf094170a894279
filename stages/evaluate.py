"""Calibrate one model on validation, score it on validation and test, and save its most confident mistakes.

    python -m stages.evaluate --code data/code/evaluate.json --model resnet18 --logits data/logits/resnet18.csv
        --recipe data/recipes/resnet18.json --classes data/classes.json --images data/images.npy
        --metadata data/metadata.csv --data data --metrics metrics --plots plots

The logits of HAM10000 (1,198 images for validation, 1,196 for test) take a few seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.evaluation.calibration_choice import (
    FittedCalibration,
    describe_calibration,
    fit_best_calibration,
    shifts_prior,
    summarise_calibration,
)
from lesions.evaluation.calling import describe_calling
from lesions.evaluation.class_scores import list_class_scores, list_confusion
from lesions.evaluation.curves import build_precision_recall_rows, build_roc_rows
from lesions.evaluation.estimation import estimate_metrics
from lesions.evaluation.external import score_external
from lesions.evaluation.generalisation import score_generalisation
from lesions.evaluation.interval import Estimate, list_bounds, list_estimates
from lesions.evaluation.mistakes import write_mistakes
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.prediction_sets import calibrate_sets, list_set_rows, score_sets, summarise_sets
from lesions.evaluation.reliability import (
    build_reliability_rows,
    estimate_chance_error,
    estimate_proper_scores,
)
from lesions.evaluation.risk import list_risk_by_coverage
from lesions.evaluation.seal import SEALED, SENTENCE, list_sealed_splits, write_sealed
from lesions.evaluation.summary import summarise_scores
from lesions.formats.atomic import atomic_folder
from lesions.formats.json_file import DECIMALS, write_json, write_metrics, write_plot_rows
from lesions.formats.sha256 import hash_file
from lesions.images.opening import open_images
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

TEST_METRICS: tuple[MetricsName, ...] = ("test", "intervals", "sets", "external", "digest")
"""The metrics files of test images alone."""

TEST_PLOTS: tuple[PlotName, ...] = ("classes", "confusion", "roc", "precision_recall", "reliability", "risk", "sets")
"""The plots, all of test images."""

Floats = NDArray[np.float64]

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
    print(describe_calibration(fitted))
    calibration = round_calibration(fitted, prior_shift, predictions.classes, logits, parameters.num_views)
    calibrated = {
        split: replace(each, logits=calibration.apply(each.logits), called=each.y_pred) for split, each in raw.items()
    }
    # Measured once for all that needs it: the resamples take most of the time.
    test_scores = estimate_metrics(calibrated["test"]) if "test" in calibrated else None

    write_calibration(paths.calibration, calibration)
    scored = {split: raw[split] for split in SCORED_SPLITS if split in raw}
    seal = {} if test_scores else SEALED
    write_metrics(paths.metrics_file("calibration"), summarise_calibration(fitted, scored, prior_shift) | seal)
    generalisation = score_generalisation(calibrated["train"], calibrated["val"], test_scores)
    write_metrics(paths.metrics_file("generalisation"), generalisation | seal)
    write_metrics(paths.metrics_file("val"), summarise_scores(calibrated["val"], out_of_fold=fitted.out_of_fold))
    kept = [calibrated[split] for split in (*SCORED_SPLITS, EXTERNAL) if split in calibrated]
    write_predictions(paths.predictions, concatenate_predictions(kept))
    if test_scores is None:
        write_sealed(map(paths.metrics_file, TEST_METRICS), map(paths.plot_file, TEST_PLOTS))
        with atomic_folder(paths.pictures) as folder:
            write_json(folder / "mistakes.json", [])
        print(SENTENCE)
        return
    write_test_scores(paths, calibrated, test_scores)
    write_plots(paths, raw["test"], calibrated["test"])
    write_sets(paths, calibrated, parameters.set_confidence)
    with atomic_folder(paths.pictures) as folder:
        write_mistakes(folder, calibrated["test"], open_images(images, params))
    print(describe_calling({model: calibrated["test"]}, shifts_prior={model: shifts_prior(prior_shift)}))


def find_prior_shift(predictions: Predictions, recipe: Path, classes: Path) -> Floats:
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


def round_calibration(
    fitted: FittedCalibration, prior_shift: Floats, classes: tuple[str, ...], logits: Path, num_views: Literal[1, 8]
) -> Calibration:
    """Return the calibration rounded as in its file, so that reading the file gives the same probabilities."""
    scale, shift, by_prior = (
        tuple(values.round(DECIMALS).tolist()) for values in (fitted.scale, fitted.shift, prior_shift)
    )
    return Calibration(classes, fitted.method, scale, shift, by_prior, hash_file(logits), num_views)


def write_test_scores(paths: ModelPaths, calibrated: Splits, scores: Mapping[str, Estimate]) -> None:
    """Write the metrics of the test images and of other datasets."""
    test = calibrated["test"]
    write_metrics(paths.metrics_file("test"), summarise_scores(test))
    by_chance = {"expected_calibration_error_by_chance": estimate_chance_error(test)}
    bounds = list_bounds({**scores, **estimate_proper_scores(test)}) | list_estimates(by_chance)
    write_metrics(paths.metrics_file("intervals"), bounds)
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


if __name__ == "__main__":
    run_stage(main)
