"""Fit two probes that see no lesion and should do badly: where they do well, the data give the answer away.

`metadata_probe` knows what the table says of a patient and a file, but no pixel; `border_probe` knows the rim of the
image. Both are logistic regressions.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lesions.datasets.metadata import EXTERNAL, read_split_metadata
from lesions.datasets.task import encode_diagnoses
from lesions.evaluation.predictions import SCORED_SPLITS, Predictions, write_predictions
from lesions.evaluation.probes import PROBES
from lesions.formats.atomic import atomic_folder
from lesions.images.cache import read_cache
from lesions.parameters.section import read_section
from lesions.splitting.class_weights import read_class_weights
from lesions.stage.run import run_stage
from lesions.training.parameters import TrainingParameters
from lesions.training.regression import compute_logits, fit_regression

CELLS = 9
"""Cells in each direction: the inner 7 × 7 of 9 × 9, 60 % of the area, are masked."""

CHUNK = 256
"""Images in memory at a time."""


def main(
    images: Annotated[Path, typer.Option(help="Every decoded image, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row an image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    class_weights: Annotated[Path, typer.Option(help="Classes, training images, weights.")],
    probes: Annotated[Path, typer.Option(help="Written: a folder, in it a table of predictions a probe.")],
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
        for probe, found in features.items():
            regression = fit_regression(found, table, len(weights.classes))
            logits = compute_logits(regression, found[is_scored])
            predictions = Predictions(scored, weights.classes, scored.label.to_numpy(), logits)
            write_predictions(folder / f"{probe}.csv", predictions)


def describe_metadata(table: pd.DataFrame) -> NDArray[np.float32]:
    """Return for each image (N, F) which age band, sex, site, source, skin type and size of file it is of.

    How a diagnosis was confirmed is left out: it is known after the diagnosis, and in no image.
    """
    known = table[["sex", "site", "source", "fitzpatrick_type"]].astype(str)  # what is missing stays so
    known["age"] = (table.age_years // 10).astype(str)
    for size in ("width_px", "height_px"):
        known[size] = pd.qcut(table[size], 8, labels=False, duplicates="drop").astype(str)
    return pd.get_dummies(known.fillna("unknown")).to_numpy(dtype=np.float32)


def describe_borders(images: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the mean colour and the variation in brightness (N, 32 * 4) of the outermost of 9 × 9 cells."""
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
