"""Train one network, and keep the weights of the epoch with the best validation score.

    python -m stages.train --code data/code/train@resnet18.json --model resnet18 --recipe data/recipes/resnet18.json
        --images data/images.npy --metadata data/metadata.csv --splits data/splits.csv --classes data/classes.json
        --pretrained data/pretrained/resnet18
        --checkpoint data/checkpoints/resnet18.safetensors --metrics metrics/resnet18/train.json
        --history plots/history/resnet18.json --machine metrics/resnet18/machine.json

On HAM10000 by lesion (presets/published/ham10000.yaml, ResNet-18 from ImageNet at 224 px), 30 epochs take 19 s on one
NVIDIA H200 and reach a balanced accuracy of 0.74 and a macro F1 of 0.68 on test, the mean of three seeds
(docs/results.md).
"""

import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from torch import nn

from lesions.formats.json_file import read_json, write_metrics, write_plot_rows
from lesions.formats.sha256 import hash_file
from lesions.hardware.device import (
    choose_execution,
    choose_precision,
    identify_hardware,
    name_precision,
    set_up_device,
)
from lesions.hardware.disk import check_writable
from lesions.hardware.exchange import join_processes
from lesions.hardware.fingerprint import describe_machine
from lesions.hardware.processes import check_number, read_processes
from lesions.hardware.processors import describe_crowding
from lesions.images.opening import open_images
from lesions.networks.architecture import check_enough_pixels
from lesions.networks.checkpoint import CheckpointMetadata, write_checkpoint
from lesions.networks.licences import find_licence
from lesions.networks.preprocessing import build_preprocessing
from lesions.networks.pretrained_backbone import FILE, PretrainedBackbone, read_backbone
from lesions.networks.source import open_source
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.section import read_section
from lesions.stage.code import check_code_unchanged
from lesions.stage.inputs import check_unchanged
from lesions.stage.resuming import find_resume_folder
from lesions.stage.run import run_stage
from lesions.tables.classes import read_classes
from lesions.tracking.callback import open_tracking
from lesions.tracking.parameters import TrackingParameters, check_tracking
from lesions.tracking.spool import Training
from lesions.training.building import build_batches, build_learner, read_subsets
from lesions.training.fit import fit_network
from lesions.training.history import FittedNetwork, list_history
from lesions.training.launch import launch_processes
from lesions.training.recipe import Recipe, read_recipe
from lesions.training.resume import fingerprint, hold_resume_file
from lesions.training.validation import validate_network

HEADLINES = ("loss", "balanced_accuracy", "macro_f1")


def main(
    code: Annotated[Path, typer.Option(help="The code that this stage reaches, from trace_code.")],
    model: Annotated[str, typer.Option(help="The name of the model to train.")],
    recipe: Annotated[Path, typer.Option(help="The model's recipe, from resolve_recipes.")],
    images: Annotated[Path, typer.Option(help="Every decoded image, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row per image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    classes: Annotated[Path, typer.Option(help="Classes, their training images and weights.")],
    pretrained: Annotated[Path, typer.Option(help="The folder with the pretrained backbone, if there is one.")],
    checkpoint: Annotated[Path, typer.Option(help="Written: the best epoch's weights.")],
    metrics: Annotated[Path, typer.Option(help="Written: the best epoch's scores.")],
    history: Annotated[Path, typer.Option(help="Written: loss and metrics of each epoch.")],
    machine: Annotated[Path, typer.Option(help="Written: what the network was trained on.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Train `model` on the training images, and choose its epoch on the validation images."""
    processes = read_processes()
    if processes.is_first:
        check_writable(find_resume_folder() / "state", checkpoint, metrics, history, machine)
    hardware = read_section(params, "hardware", HardwareParameters)
    check_number(processes, hardware.num_processes)
    if processes.is_first and (crowding := describe_crowding(processes.local_number, hardware.num_threads)):
        print(f"warning: {crowding}", file=sys.stderr, flush=True)
    tracking = read_section(params, "tracking", TrackingParameters)
    check_tracking(tracking)
    resolved, known = read_recipe(recipe), read_classes(classes)
    device = set_up_device(
        hardware.device,
        num_threads=hardware.num_threads,
        deterministic=hardware.deterministic,
        numerics=hardware.numerics,
        processes=processes,
    )
    precision = choose_precision(resolved.training.precision, device, hardware.numerics)
    backbone = read_backbone(pretrained / FILE) if resolved.architecture.is_pretrained_here else None
    inputs = (images, metadata, splits, classes, *([backbone.path] if backbone else []))
    hashes = {path: hash_file(path) for path in inputs}
    pixels = open_images(images, params)
    check_enough_pixels(model, resolved.architecture, pixels.shape[1])
    subsets = read_subsets(metadata, splits, known.diagnoses)
    source = open_source(pixels, device)
    preprocessing = build_preprocessing(resolved.architecture)
    about = CheckpointMetadata(
        model=model,
        classes=known.classes,
        diagnoses=known.diagnoses,
        architecture=resolved.architecture,
        mean=preprocessing.mean,
        std=preprocessing.std,
        inputs={path.name: sha256 for path, sha256 in hashes.items()},
        versions={name: version(name) for name in ("numpy", "timm", "torch", "torchvision")},
        weights_licence=find_licence(resolved.architecture),
    )
    execution = choose_execution(hardware.execution, device, hardware.num_processes)
    computed_on = [
        *identify_hardware(device, hardware.numerics),
        *(str(precision), hardware.num_threads, hardware.numerics),
        *(hardware.deterministic, execution),
        *(hardware.num_processes, hardware.synchronise_batch_norm),
    ]
    decisive = list_decisive(code, resolved, about, computed_on)
    key = fingerprint(**decisive)
    together = "" if processes.is_alone else f", in {processes.number} processes"
    print(f"training {model} on {device} in {name_precision(precision)}{together}", flush=True)
    learner = build_learner(
        resolved,
        known,
        backbone=backbone,
        device=device,
        precision=precision,
        execution=execution,
        processes=processes,
        synchronise_batch_norm=hardware.synchronise_batch_norm,
    )
    batches = build_batches(
        resolved,
        known,
        source,
        subsets["train"],
        preprocessing=preprocessing,
        device=device,
        processes=processes,
    )
    validate = partial(
        validate_network,
        source=source,
        val=subsets["val"],
        criterion=learner.criterion,
        preprocessing=preprocessing,
        processes=processes,
    )
    fit = partial(fit_network, learner, batches, validate, schedule=resolved.schedule, training=resolved.training)
    if not processes.is_first:  # it learns the same, and leaves what is written to the first
        with join_processes(processes, decisive):
            fit()
        return
    settings = resolved.model_dump() | {
        "hardware": hardware.model_dump() | {"computed_on": computed_on},
        "inputs": about.inputs,
        "versions": about.versions,
    }
    with (
        hold_resume_file(find_resume_folder(), key) as resume,
        open_tracking(tracking, Training(model=model, key=key, settings=settings, history=history)) as on_epoch,
    ):
        with join_processes(processes, decisive):
            fitted = fit(resume=resume, on_epoch=on_epoch)
        # Checked before the state is removed, so that training can resume from it once an edit is undone.
        check_code_unchanged(code)
        check_unchanged(hashes, "train")
        write_checkpoint(checkpoint, fitted.weights, about)
        write_metrics(metrics, summarise_training(fitted, learner.network, about.weights_licence, backbone))
        write_plot_rows(history, list_history(fitted))
        on_machine = describe_machine(
            device,
            precision,
            num_threads=hardware.num_threads,
            numerics=hardware.numerics,
            num_processes=hardware.num_processes,
        )
        write_metrics(machine, {"machine": [on_machine]})  # in a list, which DVC shows among no metrics
        resume.remove()


def list_decisive(
    code: Path, recipe: Recipe, about: CheckpointMetadata, computed_on: list[object]
) -> dict[str, object]:
    """Return everything that decides the weights: code, recipe, inputs, versions and hardware."""
    return {
        "code": read_json(code),
        "model": about.model,
        "recipe": recipe.model_dump(),
        "inputs": about.inputs,
        "versions": about.versions,
        "computed_on": computed_on,
    }


def summarise_training(
    fitted: FittedNetwork, network: nn.Module, weights_licence: str | None, backbone: PretrainedBackbone | None
) -> dict[str, Any]:
    """Return the best epoch's scores, and what is known of the weights it began with, as one flat dictionary."""
    best = fitted.history[fitted.best_epoch - 1]
    began_with: dict[str, Any] = {"weights_licence": weights_licence} if weights_licence else {}
    if backbone:
        about = backbone.about
        began_with |= {
            "pretraining_num_epochs": about.num_epochs,
            "pretraining_loss": about.loss,
            "pretraining_projection_std": about.projection_std,
        }
    return began_with | {
        "best_epoch": fitted.best_epoch,
        "num_epochs": len(fitted.history),
        "num_parameters": sum(parameter.numel() for parameter in network.parameters()),
        **{f"{split}_{name}": best[split][name] for split in ("train", "val") for name in HEADLINES},
    }


if __name__ == "__main__":
    run_stage(main, with_torch=True, launch=launch_processes)
