"""Predict the logits of the images to score with one network, before any calibration.

    python -m stages.predict --code data/code/predict@resnet18.json --model resnet18
        --checkpoint data/checkpoints/resnet18.safetensors --images data/images.npy --metadata data/metadata.csv
        --splits data/splits.csv --classes data/classes.json --logits data/logits/resnet18.csv

It takes as long as one epoch of training, times `evaluation.num_views`, without the backward pass.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from lesions.evaluation.parameters import EvaluationParameters
from lesions.hardware.device import set_up_device
from lesions.images.opening import open_images
from lesions.networks.checkpoint import read_checkpoint
from lesions.networks.checkpoint_checks import check_checkpoint, check_classes, check_finite
from lesions.networks.inference import predict_outputs
from lesions.networks.source import open_source
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.classes import read_classes
from lesions.tables.predictions import Predictions, write_logits
from lesions.tables.splits import read_split_metadata
from lesions.tables.task import encode_diagnoses
from lesions.tables.train_sample import draw_train_sample
from lesions.transforms.preprocessing import Preprocessing


def main(
    model: Annotated[str, typer.Option(help="The name of the model to predict with.")],
    checkpoint: Annotated[Path, typer.Option(help="The trained network.")],
    images: Annotated[Path, typer.Option(help="Every decoded image, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row per image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    classes: Annotated[Path, typer.Option(help="The classes, in the order of the logits.")],
    logits: Annotated[Path, typer.Option(help="Written: the logits, one row per image.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Predict all images that are scored, and about as many training images as there are validation images."""
    hardware = read_section(params, "hardware", HardwareParameters)
    num_views = read_section(params, "evaluation", EvaluationParameters).num_views
    device = set_up_device(hardware.device, num_threads=hardware.num_threads, numerics=hardware.numerics)
    network, about = read_checkpoint(checkpoint, device)
    pixels = open_images(images, params)
    source = open_source(pixels, device)
    check_checkpoint(checkpoint, about, model=model, inputs=(images, metadata, splits, classes))
    check_classes(checkpoint, about, read_classes(classes))
    table = select_predicted(read_split_metadata(metadata, splits))
    outputs = [
        predict_outputs(
            network,
            source,
            rows.row.to_numpy(),
            preprocessing=Preprocessing(about.architecture.size_px, about.mean, about.std),
            num_views=num_views,
        )
        # Each split has its own batches, so that its predictions do not depend on the other splits.
        for _, rows in table.groupby("split", sort=False)
    ]
    predicted = np.concatenate(outputs)
    check_finite(checkpoint, predicted)
    y_true = encode_diagnoses(table.diagnosis, about.diagnoses)
    write_logits(logits, Predictions(table, about.classes, y_true, predicted))


def select_predicted(table: pd.DataFrame) -> pd.DataFrame:
    """Return the images to predict, sorted by split: all that are scored, and a sample of the training images."""
    sample = draw_train_sample(table)
    is_predicted = (table.split != "train") | table.image_id.isin(sample.image_id)
    return table[is_predicted].sort_values("split", kind="stable")


if __name__ == "__main__":
    run_stage(main, with_torch=True)
