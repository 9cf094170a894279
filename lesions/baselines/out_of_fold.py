"""Predictions of every image by a model that saw no image of its group: of folds, else by cross-fitting."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lesions.baselines.cross_fitting import NUM_FOLDS, assign_folds, cross_fit
from lesions.errors import InputError
from lesions.evaluation.doubts import match_images, recalibrate
from lesions.images.opening import open_images
from lesions.networks.parameters import read_architecture
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.section import read_section
from lesions.splitting.parameters import SplitParameters
from lesions.tables.predictions import Predictions, read_predictions


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of images by models that saw no image of their groups.

    Attributes
    ----------
    predictions
        Of all images that could be predicted.
    source
        What they are from, in words.
    notes
        What was predicted less well, or not at all, in words.
    """

    predictions: Predictions
    source: str
    notes: list[str]


def find_out_of_fold(
    models: Sequence[str], table: pd.DataFrame, classes: tuple[str, ...], *, pooled: Path, images: Path, params: Path
) -> OutOfFold:
    """Read the pooled folds of the first model that has any; else predict from features of the first with weights.

    Parameters
    ----------
    models
        The models to consider.
    table : (N, ...)
        The images to predict, with `image_id`, `row`, `group_id` and `label`, the class as a number.
    classes
        The names of the classes.
    pooled
        The folder with a table of pooled predictions per model, as `lesions folds` writes it.
    images
        The image cache.
    params
        The parameter file.

    Raises
    ------
    InputError
        If the pooled folds are not of these images, or if no model has either.
    """
    for model in models:
        path = pooled / f"{model}.csv"
        if path.is_file():
            predictions = recalibrate(match_images(read_predictions(path), table, classes, path))
            return OutOfFold(
                predictions, f"{path} predicts each image by the fold that tested it", list_leaks(params)
            )
    for model in models:
        architecture = read_architecture(params, model)
        if architecture.has_pretrained_weights:
            folds = assign_folds(table.label.to_numpy(), table.group_id.to_numpy())
            hardware = read_section(params, "hardware", HardwareParameters)
            print(f"{pooled}/ has no folds: computing the features of {model}'s pretrained backbone", flush=True)
            from lesions.baselines.features import compute_features  # loads torch, which folds need not wait for

            pixels = open_images(images, params)
            ((_, features),) = compute_features({model: architecture}, pixels, table, hardware)
            with threadpool_limits(hardware.num_threads):
                return predict_by_regression(features, table, folds, classes, model)
    num_folds = read_section(params, "split", SplitParameters).num_folds
    raise InputError(
        f"nothing can doubt a label: {pooled}/ has no table of {' or '.join(models)}, and none has pretrained "
        f"weights; either run folds (`dvc exp run --queue -S 'split.fold=range(0,{num_folds})'`, `dvc exp run "
        f"--run-all`, `lesions folds`), or set architectures.{models[-1]}.weights in {params} to imagenet or a file, "
        "for a regression on frozen features"
    )


def list_leaks(params: Path) -> list[str]:
    """Return a sentence if the parameters split image by image, as the folds then probably were."""
    if read_section(params, "split", SplitParameters).scheme == "group":
        return []
    return [
        f"split.scheme in {params} is image: the network of a fold that was split so has learnt the labels of other "
        "images of the same patient or lesion, and doubts them too little"
    ]


def predict_by_regression(
    features: NDArray[np.floating],
    table: pd.DataFrame,
    folds: NDArray[np.int64],
    classes: tuple[str, ...],
    model: str,
) -> OutOfFold:
    """Cross-fit a regression over folds; images of a class that their regression did not see are left out.

    Parameters
    ----------
    features : (N, F)
    table : (N, ...)
        With `group_id` and `label`.
    folds : (N,) int
    model
        Whose backbone the features are of.
    """
    labels = table.label.to_numpy()
    logits = cross_fit(features, labels, folds, len(classes))
    is_predicted = np.isfinite(logits[np.arange(len(labels)), labels])
    predictions = Predictions(table, classes, labels, logits).keep(is_predicted)
    source = f"a regression on features of {model}'s pretrained backbone predicts each fold of groups from the others"
    return OutOfFold(predictions, source, list(describe_rare_classes(table, classes, is_predicted)))


def describe_rare_classes(
    table: pd.DataFrame, classes: tuple[str, ...], is_predicted: NDArray[np.bool_]
) -> Iterator[str]:
    """Yield a sentence about each class with fewer groups than folds."""
    for code, name in enumerate(classes):
        of_class = (table.label == code).to_numpy()
        num_groups = table.group_id[of_class].nunique()
        if num_groups < NUM_FOLDS:
            yield (
                f"{name} has {num_groups} groups, fewer than the {NUM_FOLDS} folds, so that its doubts say little; "
                f"{(of_class & ~is_predicted).sum()} of its {of_class.sum()} images are not judged, because only "
                "their own fold has it"
            )
