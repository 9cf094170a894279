"""Checking a parameter file, and what a run with it needs, before anything runs."""

from pathlib import Path

from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.evaluation.comparison import CompareParameters
from lesions.evaluation.parameters import EvaluationParameters
from lesions.gate.rules import read_rules
from lesions.hardware.device import choose_execution, choose_precision, set_up_device
from lesions.hardware.disk import check_room, count_bytes
from lesions.hardware.memory import read_peak_memory
from lesions.images.decode import DecodingParameters
from lesions.near_duplicates.parameters import NearDuplicateParameters
from lesions.networks.architecture import build_network, check_enough_pixels
from lesions.networks.parameters import read_architecture
from lesions.parameters.models import read_models
from lesions.parameters.section import Section, read_parameters, read_section
from lesions.preflight.datasets import check_datasets
from lesions.preflight.needs import estimate_caching, estimate_computing, estimate_disk, estimate_near_duplicates
from lesions.preflight.training_memory import (
    count_copies,
    count_prediction_bytes,
    count_training_bytes,
    count_weight_bytes,
)
from lesions.splitting.class_weights import ClassWeightParameters
from lesions.splitting.parameters import SplitParameters
from lesions.synthetic.cohort import SyntheticParameters
from lesions.tables.task import TaskParameters
from lesions.tracking.parameters import TrackingParameters
from lesions.training.loss import check_loss_heeds_sampling
from lesions.training.parameters import (
    LossParameters,
    OptimizerParameters,
    SamplingParameters,
    ScheduleParameters,
    TrainingParameters,
)
from lesions.training.schedule import check_rate_can_fall
from lesions.transforms.parameters import AugmentationParameters

SECTIONS: dict[str, type[Section]] = {
    "augmentation": AugmentationParameters,
    "cache_images": DecodingParameters,
    "class_weights": ClassWeightParameters,
    "compare": CompareParameters,
    "dataset": DatasetParameters,
    "evaluation": EvaluationParameters,
    "generate_synthetic": SyntheticParameters,
    "loss": LossParameters,
    "near_duplicates": NearDuplicateParameters,
    "optimizer": OptimizerParameters,
    "sampling": SamplingParameters,
    "schedule": ScheduleParameters,
    "split": SplitParameters,
    "task": TaskParameters,
    "tracking": TrackingParameters,
    "training": TrainingParameters,
}


def check_run(params: Path) -> dict[str, str]:
    """Check all parameters against each other and against the machine.

    Returns
    -------
    dict
        What the run will use, in words, for a table.

    Raises
    ------
    InputError
        At the first thing that would make the run fail.
    """
    # Before anything is read or built, this process has loaded what a training loads.
    loaded_bytes = read_peak_memory()
    sections = read_parameters(params)
    unknown = sorted(set(sections) - {*SECTIONS, "architectures", "gate", "models"})
    if unknown:
        raise InputError(f"{params}: {unknown[0]}: there is no such section")
    for name, section in SECTIONS.items():
        read_section(params, name, section)
    read_rules(params)
    check_loss_heeds_sampling(
        read_section(params, "loss", LossParameters), read_section(params, "sampling", SamplingParameters)
    )
    models = read_models(params)
    # The sections that no model uses are read too: a mistake in one should not wait until it is used.
    named = [*models, *(sections.get("architectures") or {})]
    architectures = {name: read_architecture(params, name) for name in named}

    decoding = read_section(params, "cache_images", DecodingParameters)
    schedule = read_section(params, "schedule", ScheduleParameters)
    training = read_section(params, "training", TrainingParameters)
    for model in models:
        check_rate_can_fall(schedule, model, architectures[model].phases, patience_epochs=training.patience_epochs)
        check_enough_pixels(model, architectures[model], decoding.size_px)
    found = check_datasets(params)
    cache_bytes = found.num_images * decoding.size_px**2 * 3
    optimizer = read_section(params, "optimizer", OptimizerParameters)
    weights_bytes = [
        count_weight_bytes(build_network(architectures[model], num_classes=2, pretrained=True)) for model in models
    ]
    # All but the gradient is written.
    disk = estimate_disk(
        found.num_images,
        cache_bytes,
        read_section(params, "generate_synthetic", SyntheticParameters),
        weights_bytes,
        count_copies(training, optimizer) - 1,
    )
    # What is there may be what this run would write, and DVC has it too.
    large = ["images.npy", *(f"checkpoints/{model}.safetensors" for model in models)]
    present = 2 * sum(count_bytes(Path("data", file)) for file in large)
    lacking = max(0, disk.output_bytes + disk.training_bytes - present)
    check_room(Path(), lacking, "what the run has yet to write", "make room, or lower cache_images.size_px")
    device = set_up_device(training.device, num_threads=training.num_threads)
    choose_execution(training.execution, device)
    precision = choose_precision(training.precision, device)
    needs = {
        "cache_images": estimate_caching(found.num_images, decoding.size_px, found.largest),
        "find_near_duplicates": estimate_near_duplicates(found.num_images, cache_bytes),
    }
    num_views = read_section(params, "evaluation", EvaluationParameters).num_views
    shares = read_section(params, "split", SplitParameters).shares
    num_train, num_scored = (round(share * found.num_used) for share in (shares.train, max(shares.val, shares.test)))
    for model in models if device.type == "cpu" else ():
        tensor_bytes = {
            "train": count_training_bytes(
                architectures[model],
                training,
                optimizer,
                precision=precision,
                cached_px=decoding.size_px,
                num_train=num_train,
                num_val=num_scored,
            ),
            "evaluate": count_prediction_bytes(
                architectures[model],
                cached_px=decoding.size_px,
                num_images=num_scored,
                num_views=num_views,
            ),
        }
        for stage, num_bytes in tensor_bytes.items():
            needs[f"{stage} {model}"] = estimate_computing(loaded_bytes, num_bytes, cache_bytes)
    return {
        "models": ", ".join(models),
        **found.words,
        "disk": str(disk),
        **{f"memory of {stage}": str(memory) for stage, memory in needs.items()},
        "training on": f"{device} in {str(precision).removeprefix('torch.')}",
    }
