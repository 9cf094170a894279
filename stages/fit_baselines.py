"""Fit simple baselines with which the networks are compared.

`class_prior` predicts the frequencies of the diagnoses among the training images for every image. `<model>_features`
is a logistic regression on the features of the model's pretrained backbone before any training; there is one for each
model whose backbone has pretrained weights.

    python -m stages.fit_baselines --code data/code/fit_baselines.json --images data/images.npy
        --metadata data/metadata.csv --splits data/splits.csv --classes data/classes.json
        --baselines data/predictions/baselines
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lesions.evaluation.seal import leave_out_unscored
from lesions.formats.atomic import atomic_folder
from lesions.images.opening import open_images
from lesions.networks.parameters import read_architecture
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.models import read_models
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.classes import read_classes
from lesions.tables.predictions import Predictions, write_predictions
from lesions.tables.splits import read_split_metadata
from lesions.tables.task import encode_diagnoses


def main(
    images: Annotated[Path, typer.Option(help="All decoded images, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="Validated metadata, one row per image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    classes: Annotated[Path, typer.Option(help="Classes, their training images and weights.")],
    baselines: Annotated[Path, typer.Option(help="Written: folder with one table of predictions per baseline.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Fit each baseline on the training images, and predict the validation and the test images."""
    hardware = read_section(params, "hardware", HardwareParameters)
    architectures = {model: read_architecture(params, model) for model in read_models(params)}
    pretrained = {model: each for model, each in architectures.items() if each.has_pretrained_weights}
    known = read_classes(classes)
    table = leave_out_unscored(read_split_metadata(metadata, splits), params)
    table["label"] = encode_diagnoses(table.diagnosis, known.diagnoses)

    prior = np.array(known.num_images) / sum(known.num_images)
    logits = {"class_prior": np.tile(np.log(prior), (len(table), 1))}
    if pretrained:
        from lesions.baselines.features import fit_feature_baselines  # loads torch, which takes seconds

        of_features = fit_feature_baselines(
            pretrained, open_images(images, params), table, num_classes=len(known.classes), hardware=hardware
        )
        logits |= {f"{model}_features": each for model, each in of_features.items()}
    is_scored = (table.split != "train").to_numpy()
    scored = table[is_scored].reset_index(drop=True)
    with atomic_folder(baselines) as folder:
        for name, each in logits.items():
            predictions = Predictions(scored, known.classes, scored.label.to_numpy(), each[is_scored])
            write_predictions(folder / f"{name}.csv", predictions)


if __name__ == "__main__":
    run_stage(main, with_torch=True)
