"""Train one network, and keep the epoch that validates best."""

from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
import typer

from lesions.errors import InputError
from lesions.formats.json_file import write_metrics, write_plot_rows
from lesions.formats.sha256 import hash_file
from lesions.hardware.device import choose_execution, choose_precision, name_hardware, set_up_device
from lesions.images.cache import read_cache
from lesions.networks.architecture import build_network, check_enough_pixels
from lesions.networks.checkpoint import CheckpointMetadata, write_checkpoint
from lesions.networks.classifier import Classifier
from lesions.networks.parameters import read_architecture
from lesions.networks.source import open_source
from lesions.parameters.section import read_section
from lesions.stage.code import check_code_unchanged, read_code
from lesions.stage.run import run_stage
from lesions.tables.classes import read_classes
from lesions.tables.splits import read_split_metadata
from lesions.tables.task import Diagnoses, encode_diagnoses
from lesions.tracking.dvclive import open_tracking
from lesions.tracking.parameters import TrackingParameters
from lesions.training.batches import AugmentedBatches, LabelledRows
from lesions.training.fit import fit
from lesions.training.history import FittedNetwork
from lesions.training.learner import Learner
from lesions.training.loss import Criterion, check_loss_heeds_sampling
from lesions.training.parameters import (
    LossParameters,
    OptimizerParameters,
    SamplingParameters,
    ScheduleParameters,
    TrainingParameters,
)
from lesions.training.resume import find_resume_folder, fingerprint, hold_resume_file
from lesions.training.sampling import compute_shares
from lesions.training.schedule import check_rate_can_fall
from lesions.training.validation import validate
from lesions.transforms.parameters import AugmentationParameters
from lesions.transforms.preprocessing import Preprocessing

HEADLINES = ("loss", "balanced_accuracy", "macro_f1")


def main(
    code: Annotated[Path, typer.Option(help="The code that this stage reaches, from trace_code.")],
    model: Annotated[str, typer.Option(help="Which of the architectures to train.")],
    images: Annotated[Path, typer.Option(help="Every decoded image, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row an image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    classes: Annotated[Path, typer.Option(help="Classes, training images, weights.")],
    checkpoint: Annotated[Path, typer.Option(help="Written: the best epoch's weights.")],
    metrics: Annotated[Path, typer.Option(help="Written: the best epoch's scores.")],
    history: Annotated[Path, typer.Option(help="Written: loss and metrics of each epoch.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Train `model` on the training images; choose its epoch on the validation images."""
    architecture = read_architecture(params, model)
    recipe = read_section(params, "training", TrainingParameters)
    loss = read_section(params, "loss", LossParameters)
    sampling = read_section(params, "sampling", SamplingParameters)
    optimization = read_section(params, "optimizer", OptimizerParameters)
    schedule = read_section(params, "schedule", ScheduleParameters)
    augmentation = read_section(params, "augmentation", AugmentationParameters)
    check_loss_heeds_sampling(loss, sampling)
    check_rate_can_fall(schedule, model, architecture.phases, patience_epochs=recipe.patience_epochs)
    preprocessing = Preprocessing(architecture.size_px)
    device = set_up_device(recipe.device, num_threads=recipe.num_threads, deterministic=recipe.deterministic)
    precision = choose_precision(recipe.precision, device)
    execution = choose_execution(recipe.execution, device)

    hashes = {path: hash_file(path) for path in (images, metadata, splits, classes)}
    pixels = read_cache(images)
    check_enough_pixels(model, architecture, pixels.shape[1])
    source = open_source(pixels, device)
    weights = read_classes(classes)
    subsets = read_subsets(metadata, splits, weights.diagnoses)

    torch.manual_seed(recipe.seed)
    network = build_network(architecture, len(weights.classes), pretrained=True)
    print(f"training {model} on {device} in {str(precision).removeprefix('torch.')}", flush=True)
    shares = compute_shares(weights.num_images, sampling.scheme)
    criterion = Criterion(loss, np.array(weights.weights), shares)
    learner = Learner(
        network,
        architecture,
        criterion,
        optimization,
        recipe,
        device=device,
        precision=precision,
        execution=execution,
    )
    batches = AugmentedBatches(
        source,
        subsets["train"],
        class_counts=weights.num_images,
        augmentation=augmentation,
        sampling=sampling.scheme,
        preprocessing=preprocessing,
        device=device,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
    )
    versions = {name: version(name) for name in ("numpy", "torch", "torchvision")}
    inputs = {path.name: sha256 for path, sha256 in hashes.items()}
    sections = (architecture, recipe, loss, sampling, optimization, schedule, augmentation)
    key = fingerprint(
        model=model,
        code=asdict(read_code(code)),
        inputs=inputs,
        sections=[section.model_dump() for section in sections],
        computed_on=[name_hardware(device), str(precision), recipe.num_threads],
        versions=versions,
    )
    with (
        hold_resume_file(find_resume_folder(), key) as resume,
        open_tracking(read_section(params, "tracking", TrackingParameters), model) as track,
    ):
        fitted = fit(
            learner,
            batches,
            partial(
                validate,
                source=source,
                val=subsets["val"],
                criterion=criterion,
                preprocessing=preprocessing,
            ),
            architecture.phases,
            schedule=schedule,
            recipe=recipe,
            resume=resume,
            track=track,
        )
        # Before the state is removed: who undoes an edit goes on from it.
        check_code_unchanged(code)
        check_unchanged(hashes)
        about = CheckpointMetadata(
            model=model,
            classes=weights.classes,
            diagnoses=weights.diagnoses,
            architecture=architecture,
            mean=preprocessing.mean,
            std=preprocessing.std,
            inputs=inputs,
            versions=versions,
        )
        write_checkpoint(checkpoint, fitted.weights, about)
        write_metrics(metrics, summarise(fitted, network))
        write_plot_rows(history, list_history(fitted))
        resume.remove()


def check_unchanged(hashes: dict[Path, str]) -> None:
    """Refuse to end when an input is no longer what was trained on: DVC hashes it only after the stage."""
    for path, sha256 in hashes.items():
        if hash_file(path) != sha256:
            raise InputError(f"{path}: changed while the network was trained; run the stage train again")


def read_subsets(metadata: Path, splits: Path, diagnoses: Diagnoses) -> dict[str, LabelledRows]:
    """Read of each split what training needs; the rest of a large table would take as much memory as the network."""
    table = read_split_metadata(metadata, splits, columns=["image_id", "row", "diagnosis"])
    return {str(split): label_rows(rows, diagnoses) for split, rows in table.groupby("split")}


def label_rows(table: pd.DataFrame, diagnoses: Diagnoses) -> LabelledRows:
    """Return the images' rows in the cache and their classes as indices."""
    labels = encode_diagnoses(table.diagnosis, diagnoses)
    return LabelledRows(table.row.to_numpy(), labels, table.image_id.to_numpy().astype(np.str_))


def summarise(fitted: FittedNetwork, network: Classifier) -> dict[str, Any]:
    """Return the best epoch's scores, flat."""
    best = fitted.history[fitted.best_epoch - 1]
    return {
        "best_epoch": fitted.best_epoch,
        "num_epochs": len(fitted.history),
        "num_parameters": sum(parameter.numel() for parameter in network.parameters()),
        **{f"{split}_{name}": best[split][name] for split in ("train", "val") for name in HEADLINES},
    }


def list_history(fitted: FittedNetwork) -> list[dict[str, Any]]:
    """Return a row for each epoch and split, all with the same keys, as `dvc plots` needs them."""
    layers = {name: None for entry in fitted.history for name in entry["learning_rates"]}
    rows = []
    for entry in fitted.history:
        # What is frozen learns at a rate of 0.
        rates = {f"learning_rate_{name}": entry["learning_rates"].get(name, 0.0) for name in layers}
        norm = entry["train"]["gradient_norm"]
        about = {"epoch": entry["epoch"], "phase": entry["phase"], "gradient_norm": norm} | rates
        rows += [about | {"split": split, **entry[split]} for split in ("train", "val")]
    return rows


if __name__ == "__main__":
    run_stage(main)
