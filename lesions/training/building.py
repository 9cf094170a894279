"""What a network learns with and from, built from its recipe and the tables of the run."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lesions.hardware.choices import Execution
from lesions.hardware.device import Precision
from lesions.hardware.processes import ALONE, Processes
from lesions.networks.architecture import build_network
from lesions.networks.pretrained_backbone import PretrainedBackbone
from lesions.networks.source import ImageSource
from lesions.tables.classes import Classes
from lesions.tables.splits import read_split_metadata
from lesions.tables.task import Diagnoses, encode_diagnoses
from lesions.training.batches import AugmentedBatches, LabelledRows
from lesions.training.learner import Learner
from lesions.training.loss import Criterion
from lesions.training.recipe import Recipe
from lesions.training.sampling import compute_shares
from lesions.transforms.preprocessing import Preprocessing


def build_learner(
    recipe: Recipe,
    classes: Classes,
    *,
    backbone: PretrainedBackbone | None = None,
    device: torch.device,
    precision: Precision,
    execution: Execution,
    processes: Processes = ALONE,
    synchronise_batch_norm: bool = True,
) -> Learner:
    """Build the network, with the seed's initial weights or pretrained ones, and what it learns with."""
    torch.manual_seed(recipe.training.seed)
    network = build_network(recipe.architecture, len(classes.classes), pretrained=True)
    if backbone:
        backbone.load_into(network.backbone)
    shares = compute_shares(classes.num_images, recipe.sampling.scheme)
    return Learner(
        network,
        recipe.architecture,
        Criterion(recipe.loss, np.array(classes.weights), shares),
        optimization=recipe.optimizer,
        training=recipe.training,
        device=device,
        precision=precision,
        execution=execution,
        processes=processes,
        synchronise_batch_norm=synchronise_batch_norm,
    )


def build_batches(
    recipe: Recipe,
    classes: Classes,
    source: ImageSource,
    train: LabelledRows,
    *,
    preprocessing: Preprocessing,
    device: torch.device,
    processes: Processes = ALONE,
) -> AugmentedBatches:
    """Build the batches of the training images, augmented as the recipe says."""
    return AugmentedBatches(
        source,
        train,
        class_counts=classes.num_images,
        augmentation=recipe.augmentation,
        sampling=recipe.sampling.scheme,
        preprocessing=preprocessing,
        device=device,
        batch_size=recipe.training.batch_size,
        seed=recipe.training.seed,
        processes=processes,
    )


def read_subsets(metadata: Path, splits: Path, diagnoses: Diagnoses) -> dict[str, LabelledRows]:
    """Read the columns that training needs, by split: a large table may take as much memory as the network."""
    table = read_split_metadata(metadata, splits, columns=["image_id", "row", "diagnosis"])
    return {str(split): label_rows(rows, diagnoses) for split, rows in table.groupby("split")}


def label_rows(table: pd.DataFrame, diagnoses: Diagnoses) -> LabelledRows:
    """Return the images' rows in the cache and the indices of their classes."""
    labels = encode_diagnoses(table.diagnosis, diagnoses)
    return LabelledRows(table.row.to_numpy(), labels, table.image_id.to_numpy().astype(np.str_))
