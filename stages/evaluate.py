"""Calibrate one network on validation, score it on validation and test, and save its most confident mistakes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import confusion_matrix

from lesions.errors import InputError
from lesions.evaluation.calibration import fit_calibration
from lesions.evaluation.comparison import measure_metrics
from lesions.evaluation.curves import build_precision_recall_rows, build_roc_rows
from lesions.evaluation.external import score_external
from lesions.evaluation.interval import estimate_score, list_bounds
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.reliability import build_reliability_rows, list_risk_by_coverage, score_reliability
from lesions.evaluation.scores import score_classes, score_labels, score_predictions
from lesions.formats.atomic import atomic_folder
from lesions.formats.json_file import DECIMALS, write_json, write_metrics, write_plot_rows
from lesions.formats.sha256 import hash_file
from lesions.hardware.device import set_up_device
from lesions.images.cache import read_cache
from lesions.networks.checkpoint import CheckpointMetadata, read_checkpoint
from lesions.networks.inference import predict_outputs
from lesions.networks.source import open_source
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.calibrations import Calibration, write_calibration
from lesions.tables.digest import write_digest
from lesions.tables.predictions import Predictions, concatenate_predictions, write_predictions
from lesions.tables.splits import EXTERNAL, SCORED_SPLITS, read_split_metadata
from lesions.tables.task import encode_diagnoses
from lesions.training.parameters import TrainingParameters
from lesions.transforms.preprocessing import Preprocessing

NUM_MISTAKES = 12
"""Number of mistakes whose pictures are saved."""


def main(
    model: Annotated[str, typer.Option(help="The model to score.")],
    checkpoint: Annotated[Path, typer.Option(help="The checkpoint of the trained network.")],
    images: Annotated[Path, typer.Option(help="All decoded images, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="Validated metadata, one row per image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    predictions: Annotated[Path, typer.Option(help="Written: logits and probabilities, one row per image.")],
    calibration: Annotated[Path, typer.Option(help="Written: the scale and shift of the logits.")],
    metrics: Annotated[
        Path, typer.Option(help="Written: folder with val.json, test.json and further metrics files.")
    ],
    plots: Annotated[Path, typer.Option(help="Written: folder with the rows of the plots.")],
    pictures: Annotated[Path, typer.Option(help="Written: folder with pictures of the most confident mistakes.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Predict the validation and test images, calibrate on validation, and score; plots show the test images."""
    recipe = read_section(params, "training", TrainingParameters)
    parameters = read_section(params, "evaluation", EvaluationParameters)
    device = set_up_device(recipe.device, num_threads=recipe.num_threads)
    network, about = read_checkpoint(checkpoint, device)
    pixels = read_cache(images)
    source = open_source(pixels, device)
    check_checkpoint(checkpoint, about, model=model, inputs=(images, metadata, splits))

    table = read_split_metadata(metadata, splits)
    predicted = {}
    scored = [split for split in (*SCORED_SPLITS, EXTERNAL) if (table.split == split).any()]
    for split, rows in (
        *((split, table[table.split == split]) for split in scored),
        ("train", draw_train_sample(table)),
    ):
        logits = predict_outputs(
            network,
            source,
            rows.row.to_numpy(),
            preprocessing=Preprocessing(about.architecture.size_px, about.mean, about.std),
            num_views=parameters.num_views,
        )
        predicted[split] = Predictions(rows, about.classes, encode_diagnoses(rows.diagnosis, about.diagnoses), logits)

    fitted = fit_calibration(predicted["val"].logits, predicted["val"].y_true, parameters.calibration)
    # Rounded as in its file, so that reading the file gives the same probabilities.
    scale, shift = (tuple(values.round(DECIMALS).tolist()) for values in fitted)
    scaling = Calibration(about.classes, scale, shift, hash_file(checkpoint), parameters.num_views)
    write_calibration(calibration, scaling)
    calibrated = {split: replace(raw, logits=scaling.apply(raw.logits)) for split, raw in predicted.items()}
    write_predictions(predictions, concatenate_predictions([calibrated[split] for split in scored]))
    for split in SCORED_SPLITS:
        write_metrics(metrics / f"{split}.json", summarise_scores(calibrated[split]))
    write_metrics(metrics / "intervals.json", list_intervals(calibrated["test"]))
    write_metrics(
        metrics / "before_calibration.json",
        {
            f"{split}_{name}": value
            for split in SCORED_SPLITS
            for name, value in score_reliability(predicted[split].y_true, predicted[split].logits).items()
        },
    )
    write_metrics(metrics / "generalisation.json", score_generalisation(calibrated))

    test = calibrated["test"]
    write_metrics(
        metrics / "external.json", score_external(test, calibrated[EXTERNAL]) if EXTERNAL in calibrated else {}
    )
    write_digest(metrics / "digest.json", test)
    write_plot_rows(plots / "classes.json", list_class_scores(test))
    write_plot_rows(plots / "confusion.json", list_confusion(test))
    write_plot_rows(plots / "roc.json", build_roc_rows(test))
    write_plot_rows(plots / "precision_recall.json", build_precision_recall_rows(test))
    write_plot_rows(plots / "reliability.json", build_reliability_rows(test, predicted["test"]))
    write_plot_rows(plots / "risk.json", list(list_risk_by_coverage(test)))
    with atomic_folder(pictures) as folder:
        write_mistakes(folder, test, pixels)


def draw_train_sample(table: pd.DataFrame) -> pd.DataFrame:
    """Draw whole groups of training images at random, about as many images as validation has."""
    train = table[table.split == "train"]
    groups = np.random.default_rng(0).permutation(train.group_id.unique())
    sizes = train.group_id.value_counts()[groups].cumsum()
    wanted = sizes[sizes <= max((table.split == "val").sum(), sizes.iloc[0])].index
    return train[train.group_id.isin(wanted)]


def summarise_scores(predictions: Predictions) -> dict[str, Any]:
    """Return the headline metrics, the scores of the probabilities, and the numbers of images and groups."""
    return {
        **score_predictions(predictions.y_true, predictions.y_prob),
        **score_reliability(predictions.y_true, predictions.logits),
        "num_undefined_classes": len(predictions.classes) - len(np.unique(predictions.y_true)),
        "num_images": len(predictions.images),
        "num_groups": int(predictions.images.group_id.nunique()),
    }


def list_intervals(predictions: Predictions) -> dict[str, float]:
    """Return the bounds of the 95 % interval of each headline metric."""
    (measured,) = measure_metrics({"model": predictions}, seed=0).values()
    return list_bounds({metric: estimate_score(measurement) for metric, measurement in measured.items()})


def score_generalisation(predictions: Mapping[str, Predictions]) -> dict[str, float]:
    """Return the kept epoch's scores on the three splits, and the loss from each split to the next.

    The training images are not augmented here, so that their scores show what the network has memorised.
    """
    scores = {
        split: score_labels(predicted.y_true, predicted.y_pred, len(predicted.classes))
        for split, predicted in predictions.items()
    }
    return {
        key: value
        for metric in ("balanced_accuracy", "macro_f1")
        for key, value in {
            **{f"{split}_{metric}": scores[split][metric] for split in ("train", "val", "test")},
            f"{metric}_lost_from_train_to_val": scores["train"][metric] - scores["val"][metric],
            f"{metric}_lost_from_val_to_test": scores["val"][metric] - scores["test"][metric],
        }.items()
    }


def check_checkpoint(path: Path, about: CheckpointMetadata, *, model: str, inputs: tuple[Path, ...]) -> None:
    """Check that a checkpoint is of this model and these data; otherwise its training images could be test images.

    Raises
    ------
    InputError
        If the checkpoint is of another model or of other data.
    """
    if about.model != model:
        raise InputError(f"{path}: is a checkpoint of {about.model}, expected {model}")
    for source in inputs:
        if about.inputs.get(source.name) != hash_file(source):
            raise InputError(f"{path}: was trained with another {source.name}; run the stage train again")


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
    confusion = confusion_matrix(predictions.y_true, predictions.y_pred, labels=codes)
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
