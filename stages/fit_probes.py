"""Fit two probes that see no lesion and should score badly: if they score well, the data give the answer away.

`border_probe` sees the rim of the image; `metadata_probe` sees what the table says about the patient and the file,
but no pixel, and is left out if the table says nothing. Both are logistic regressions.
"""

from pathlib import Path
from typing import Annotated

import typer
from threadpoolctl import threadpool_limits

from lesions.baselines.probes import describe_borders, describe_metadata, has_metadata
from lesions.baselines.regression import compute_logits, fit_regression
from lesions.evaluation.seal import leave_out_unscored
from lesions.formats.atomic import atomic_folder
from lesions.images.opening import open_images
from lesions.parameters.hardware import HardwareParameters
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
    probes: Annotated[Path, typer.Option(help="Written: folder with one table of predictions per probe.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Fit each probe on the training images, and predict the validation and the test images."""
    hardware = read_section(params, "hardware", HardwareParameters)
    known = read_classes(classes)
    table = leave_out_unscored(read_split_metadata(metadata, splits), params)
    table["label"] = encode_diagnoses(table.diagnosis, known.diagnoses)
    is_scored = (table.split != "train").to_numpy()
    scored = table[is_scored].reset_index(drop=True)
    pixels = open_images(images, params)
    features = {"border_probe": describe_borders(pixels, table.row.to_numpy())}
    if has_metadata(table):
        features["metadata_probe"] = describe_metadata(table)
    else:
        print("no metadata_probe: the table has no sex, age, site, skin type or source that tells images apart")
    with atomic_folder(probes) as folder, threadpool_limits(hardware.num_threads):
        for probe, inputs in features.items():
            regression = fit_regression(inputs, table, len(known.classes))
            logits = compute_logits(regression, inputs[is_scored])
            predictions = Predictions(scored, known.classes, scored.label.to_numpy(), logits)
            write_predictions(folder / f"{probe}.csv", predictions)


if __name__ == "__main__":
    run_stage(main)
