"""Score one network on the validation and the test images, and pick out its worst mistakes."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import confusion_matrix

from lesions.command_line.stage import run_stage
from lesions.datasets.metadata import read_split_metadata
from lesions.errors import InputError
from lesions.evaluation.curves import build_precision_recall_rows, build_roc_rows
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.predictions import SCORED_SPLITS, Predictions, write_predictions
from lesions.evaluation.scores import score, score_classes
from lesions.formats.atomic import atomic_folder
from lesions.formats.json_file import write_json, write_metrics, write_plot_rows
from lesions.formats.sha256 import hash_file
from lesions.hardware.device import set_up_device
from lesions.images.cache import read_cache
from lesions.networks.checkpoint import CheckpointMetadata, read_checkpoint
from lesions.networks.inference import predict_outputs
from lesions.networks.preprocessing import Preprocessing
from lesions.parameters.section import read_section
from lesions.training.recipe import TrainingParameters

NUM_MISTAKES = 12
"""Mistakes shown."""


def main(
    model: Annotated[str, typer.Option(help="Which of the models to score.")],
    checkpoint: Annotated[Path, typer.Option(help="The trained network.")],
    images: Annotated[Path, typer.Option(help="Every decoded image, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row an image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    predictions: Annotated[Path, typer.Option(help="Written: logits and probabilities, a row an image.")],
    metrics: Annotated[Path, typer.Option(help="Written: a folder, in it val.json and test.json.")],
    plots: Annotated[Path, typer.Option(help="Written: a folder, in it the rows of the plots.")],
    pictures: Annotated[Path, typer.Option(help="Written: a folder with the most confident mistakes.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Predict the validation and test images, and score the predictions; plots are of the test images."""
    recipe = read_section(params, "training", TrainingParameters)
    device = set_up_device(recipe.device, num_threads=recipe.num_threads)
    network, about = read_checkpoint(checkpoint, device)
    pixels = read_cache(images)
    check_checkpoint(checkpoint, about, model=model, inputs=(images, metadata, splits))

    table = read_split_metadata(metadata, splits)
    parts = [table[table.split == split] for split in SCORED_SPLITS]
    scored = pd.concat(parts, ignore_index=True)
    preprocessing = Preprocessing(about.architecture.size_px, about.mean, about.std)
    num_views = read_section(params, "evaluation", EvaluationParameters).num_views
    predict = partial(
        predict_outputs, network, pixels, preprocessing=preprocessing, device=device, num_views=num_views
    )
    predicted = Predictions(
        images=scored,
        classes=about.classes,
        y_true=scored.diagnosis.map(about.classes.index).to_numpy().astype(np.int64),
        logits=np.concatenate([predict(part.row.to_numpy()) for part in parts]),
    )
    write_predictions(predictions, predicted)
    for split in SCORED_SPLITS:
        part = predicted.select(split)
        scores = score(part.y_true, part.y_prob, part.classes)
        sizes = {"num_images": len(part.images), "num_groups": int(part.images.group_id.nunique())}
        write_metrics(metrics / f"{split}.json", scores | sizes)

    test = predicted.select("test")
    write_plot_rows(plots / "classes.json", list_class_scores(test))
    write_plot_rows(plots / "confusion.json", list_confusion(test))
    write_plot_rows(plots / "roc.json", build_roc_rows(test))
    write_plot_rows(plots / "precision_recall.json", build_precision_recall_rows(test))
    with atomic_folder(pictures) as folder:
        write_mistakes(folder, test, pixels)


def check_checkpoint(path: Path, about: CheckpointMetadata, *, model: str, inputs: tuple[Path, ...]) -> None:
    """Refuse a checkpoint of another model, or of other data: its training images could be among those scored."""
    if about.model != model:
        raise InputError(f"{path}: is a checkpoint of {about.model}, expected {model}")
    for source in inputs:
        if about.inputs.get(source.name) != hash_file(source):
            raise InputError(f"{path}: was trained with another {source.name}; run the stage train again")


def list_class_scores(predictions: Predictions) -> list[dict[str, Any]]:
    """Return a row for each class and score, without the scores that are undefined."""
    scores = score_classes(predictions.y_true, predictions.y_pred, len(predictions.classes))
    kinds = {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
    return [
        {"diagnosis": name, "score": kind, "value": float(values[code]), "support": int(scores.support[code])}
        for code, name in enumerate(predictions.classes)
        for kind, values in kinds.items()
        if np.isfinite(values[code])
    ]


def list_confusion(predictions: Predictions) -> list[dict[str, Any]]:
    """Return a row for each pair of true and predicted class: images, and their part of the true class."""
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
    """Write the misclassified images whose wrong class got the highest probability, and a list of them.

    They go by the column `row` of `data/metadata.csv`: an `image_id` may hold the name of a patient.
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
