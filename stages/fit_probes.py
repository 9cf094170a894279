"""Fit two probes that see no lesion and should score badly: if they score well, the data give the answer away.

`metadata_probe` sees what the table says about the patient and the file, but no pixel; `border_probe` sees the rim of
the image. Both are logistic regressions.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lesions.command_line.stage import run_stage
from lesions.datasets.metadata import EXTERNAL, read_split_metadata
from lesions.datasets.task import encode_diagnoses
from lesions.evaluation.predictions import SCORED_SPLITS, Predictions, write_predictions
from lesions.evaluation.probes import PROBES
from lesions.formats.atomic import atomic_folder
from lesions.images.cache import read_cache
from lesions.parameters.section import read_section
from lesions.splitting.class_weights import read_class_weights
from lesions.training.parameters import TrainingParameters
from lesions.training.regression import compute_logits, fit_regression

CELLS = 9
"""Cells per direction: the inner 7 × 7 of 9 × 9 cells, 60 % of the area, are masked."""

CHUNK = 256
"""Images in memory at a time."""


def main(
    images: Annotated[Path, typer.Option(help="All decoded images, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="Validated metadata, one row per image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    class_weights: Annotated[Path, typer.Option(help="Classes, their training images and weights.")],
    probes: Annotated[Path, typer.Option(help="Written: folder with one table of predictions per probe.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Fit each probe on the training images, and predict the validation and the test images."""
    recipe = read_section(params, "training", TrainingParameters)
    weights = read_class_weights(class_weights)
    table = read_split_metadata(metadata, splits)
    table = table[table.split != EXTERNAL].reset_index(drop=True)
    table["label"] = encode_diagnoses(table.diagnosis, weights.diagnoses)
    is_scored = table.split.isin(SCORED_SPLITS).to_numpy()
    scored = table[is_scored].reset_index(drop=True)
    pixels = read_cache(images)
    features = dict(
        zip(PROBES, (describe_metadata(table), describe_borders(pixels, table.row.to_numpy())), strict=True)
    )
    with atomic_folder(probes) as folder, threadpool_limits(recipe.num_threads):
        for probe, inputs in features.items():
            regression = fit_regression(inputs, table, len(weights.classes))
            logits = compute_logits(regression, inputs[is_scored])
            predictions = Predictions(scored, weights.classes, scored.label.to_numpy(), logits)
            write_predictions(folder / f"{probe}.csv", predictions)


def describe_metadata(table: pd.DataFrame) -> NDArray[np.float32]:
    """Return each image's age band, sex, site, source, skin type and image size as indicators (N, F).

    How the diagnosis was confirmed is omitted, because it is known only after the diagnosis and from no image.
    """
    known = table[["sex", "site", "source", "fitzpatrick_type"]].astype(str)  # missing values stay missing
    known["age"] = (table.age_years // 10).astype(str)
    for size in ("width_px", "height_px"):
        known[size] = pd.qcut(table[size], 8, labels=False, duplicates="drop").astype(str)
    return pd.get_dummies(known.fillna("unknown")).to_numpy(dtype=np.float32)


def describe_borders(images: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the mean colour and the deviation of brightness in each outermost cell of 9 × 9, (N, 32 * 4)."""
    chunks = (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
    return np.concatenate([_describe_rim(images[chunk].astype(np.float32)) for chunk in chunks])


def _describe_rim(chunk: NDArray[np.float32]) -> NDArray[np.float32]:
    grey = chunk.mean(axis=3, keepdims=True)
    channels = np.concatenate([chunk, grey, grey**2], axis=3)  # (B, H, W, 5)
    edges = np.linspace(0, chunk.shape[1], CELLS + 1).round().astype(int)
    sums = np.add.reduceat(np.add.reduceat(channels, edges[:-1], axis=1), edges[:-1], axis=2)
    means = sums / np.outer(np.diff(edges), np.diff(edges))[:, :, None]
    variation = np.sqrt((means[..., 4:] - means[..., 3:4] ** 2).clip(0))
    cells = np.concatenate([means[..., :3], variation], axis=3)
    is_rim = np.ones((CELLS, CELLS), dtype=bool)
    is_rim[1:-1, 1:-1] = False
    return cells[:, is_rim].reshape(len(chunk), -1).astype(np.float32)


if __name__ == "__main__":
    run_stage(main)
