"""Fit simple baselines with which the networks are compared.

`class_prior` predicts the frequencies of the diagnoses among the training images for every image. `<model>_features`
is a logistic regression on the features of the model's pretrained backbone before any training; there is one for each
model whose backbone has pretrained weights.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch
import typer
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lesions.baselines.regression import compute_logits, fit_regression
from lesions.formats.atomic import atomic_folder
from lesions.hardware.device import set_up_device, to_device
from lesions.images.cache import read_cache
from lesions.networks.architecture import build_network, check_enough_pixels
from lesions.networks.inference import predict_outputs
from lesions.networks.parameters import AnyArchitecture, read_architecture
from lesions.networks.source import ImageSource, open_source
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.models import read_models
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.classes import read_classes
from lesions.tables.predictions import Predictions, write_predictions
from lesions.tables.splits import SCORED_SPLITS, read_split_metadata
from lesions.tables.task import encode_diagnoses
from lesions.transforms.preprocessing import Preprocessing


def main(
    images: Annotated[Path, typer.Option(help="All decoded images, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="Validated metadata, one row per image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    classes: Annotated[Path, typer.Option(help="Classes, their training images and weights.")],
    baselines: Annotated[Path, typer.Option(help="Written: folder with one table of predictions per baseline.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Fit each baseline on the training images, and predict the validation and the test images."""
    architectures = {model: read_architecture(params, model) for model in read_models(params)}
    hardware = read_section(params, "hardware", HardwareParameters)
    device = set_up_device(hardware.device, num_threads=hardware.num_threads)
    pixels = read_cache(images)
    weights = read_classes(classes)
    table = read_split_metadata(metadata, splits)
    table["label"] = encode_diagnoses(table.diagnosis, weights.diagnoses)
    is_scored = table.split.isin(SCORED_SPLITS).to_numpy()
    scored = table[is_scored].reset_index(drop=True)

    def predict(logits: NDArray[np.floating]) -> Predictions:
        return Predictions(scored, weights.classes, scored.label.to_numpy(), logits)

    source = open_source(pixels, device)
    with atomic_folder(baselines) as folder:
        prior = np.array(weights.num_images) / sum(weights.num_images)
        write_predictions(folder / "class_prior.csv", predict(np.tile(np.log(prior), (len(scored), 1))))
        for model, architecture in architectures.items():
            if architecture.has_pretrained_weights:
                check_enough_pixels(model, architecture, pixels.shape[1])
                features = compute_features(architecture, source, table, device)
                with threadpool_limits(hardware.num_threads):
                    regression = fit_regression(features, table, len(weights.classes))
                logits = compute_logits(regression, features[is_scored])
                write_predictions(folder / f"{model}_features.csv", predict(logits))
                print(f"{model}_features: C {regression[-1].C:g}", flush=True)


def compute_features(
    architecture: AnyArchitecture, source: ImageSource, table: pd.DataFrame, device: torch.device
) -> NDArray[np.float32]:
    """Return the pretrained backbone's features (N, F) of the table's images."""
    backbone = to_device(build_network(architecture, num_classes=2, pretrained=True).backbone, device)
    preprocessing = Preprocessing(architecture.size_px)
    return predict_outputs(backbone, source, table.row.to_numpy(), preprocessing=preprocessing)


if __name__ == "__main__":
    run_stage(main)
