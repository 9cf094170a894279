"""Checking a parameter file, and what a run with it needs, before anything runs."""

import shutil
from pathlib import Path

from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.registry import build_adapter
from lesions.datasets.rows import read_rows
from lesions.datasets.task import TaskParameters
from lesions.errors import InputError
from lesions.evaluation.comparison import CompareParameters
from lesions.evaluation.parameters import EvaluationParameters
from lesions.gate.rules import read_rules
from lesions.hardware.device import choose_execution, choose_precision, set_up_device
from lesions.images.decode import DecodingParameters
from lesions.images.files import find_image_files
from lesions.near_duplicates.pairs import NearDuplicateParameters
from lesions.networks.architecture import build_network, check_enough_pixels
from lesions.networks.parameters import read_architecture
from lesions.parameters.models import read_models
from lesions.parameters.section import Section, read_parameters, read_section
from lesions.splitting.class_weights import ClassWeightParameters
from lesions.splitting.parameters import SplitParameters
from lesions.splitting.test_list import read_test_list
from lesions.synthetic.cohort import SyntheticParameters
from lesions.training.loss import check_loss_heeds_sampling
from lesions.training.parameters import (
    AugmentationParameters,
    LossParameters,
    OptimizerParameters,
    SamplingParameters,
    ScheduleParameters,
    TrackingParameters,
    TrainingParameters,
)
from lesions.training.schedule import check_rate_can_fall

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
SYNTHETIC_ROOT = Path("data/raw/synthetic")


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
    read_test_list(read_section(params, "split", SplitParameters))
    models = read_models(params)
    # The sections that no model uses are read too: a mistake in one should not wait until it is used.
    named = [*models, *(sections.get("architectures") or {})]
    architectures = {name: read_architecture(params, name) for name in named}

    decoding = read_section(params, "cache_images", DecodingParameters)
    num_images = count_images(
        read_section(params, "dataset", DatasetParameters),
        read_section(params, "generate_synthetic", SyntheticParameters),
    )
    cache_bytes = num_images * decoding.size_px**2 * 3
    check_disk(cache_bytes)
    schedule = read_section(params, "schedule", ScheduleParameters)
    training = read_section(params, "training", TrainingParameters)
    for model in models:
        check_rate_can_fall(schedule, model, architectures[model].phases, patience_epochs=training.patience_epochs)
        check_enough_pixels(model, architectures[model], decoding.size_px)
        build_network(architectures[model], num_classes=2, pretrained=True)
    device = set_up_device(training.device, num_threads=training.num_threads)
    choose_execution(training.execution, device)
    precision = str(choose_precision(training.precision, device)).removeprefix("torch.")
    return {
        "models": ", ".join(models),
        "images": f"{num_images:,}",
        "image cache": f"{cache_bytes / 1e6:,.0f} MB of disk",
        "training on": f"{device} in {precision}",
    }


def count_images(dataset: DatasetParameters, synthetic: SyntheticParameters) -> int:
    """Count the images and read the tables; the embedded dataset, which the run renders, need not be there."""
    root = Path(dataset.root)
    if (root == SYNTHETIC_ROOT) != (dataset.all_names == ("synthetic",)):
        raise InputError(
            f"the dataset is {', '.join(dataset.all_names)}, but dataset.root is {root}; "
            f"{SYNTHETIC_ROOT} is where synthetic is, and nothing else"
        )
    if root == SYNTHETIC_ROOT and not root.exists():
        return synthetic.num_images
    num_images = 0
    for name, folder in zip(dataset.all_names, dataset.folders, strict=True):
        adapter = build_adapter(name, dataset)
        absent = [table for table in adapter.tables if not (root / folder / table).is_file()]
        if root.is_dir() and absent:
            raise InputError(f"dataset.root: {root / folder} has no {absent[0]}, which {name} has")
        files = find_image_files(root / folder)
        read_rows(root / folder, adapter, files)
        num_images += len(files)
    return num_images


def check_disk(cache_bytes: int) -> None:
    """Refuse to begin when the image cache would not fit on the disk; DVC keeps it once more where it copies."""
    free_bytes = shutil.disk_usage(".").free
    if 2 * cache_bytes > free_bytes:
        raise InputError(
            f"the image cache takes up to {2 * cache_bytes / 1e9:.1f} GB with DVC's copy, and {free_bytes / 1e9:.1f} "
            "GB of disk are free; lower cache_images.size_px"
        )
