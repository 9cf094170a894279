"""Small trainings for tests."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from lesions.hardware.choices import ExecutionChoice
from lesions.hardware.device import choose_execution
from lesions.hardware.processes import ALONE, Processes
from lesions.networks.architecture import build_network
from lesions.networks.classifier import Classifier
from lesions.networks.parameters import AnyArchitecture
from lesions.networks.preprocessing import build_preprocessing
from lesions.networks.source import open_source
from lesions.training import validation
from lesions.training.batches import AugmentedBatches, LabelledRows
from lesions.training.epoch import Scores
from lesions.training.fit import fit_network
from lesions.training.history import FittedNetwork
from lesions.training.learner import Learner
from lesions.training.loss import Criterion
from lesions.training.parameters import LossParameters, OptimizerParameters, ScheduleParameters, TrainingParameters
from lesions.training.resume import ResumeFile
from lesions.training.sampling import Scheme, compute_shares
from lesions.transforms.parameters import AugmentationParameters
from tests.builders import NO_AUGMENTATION, PHASE, small_cnn, small_resnet18, small_timm

CPU = torch.device("cpu")
GENTLE = NO_AUGMENTATION.model_copy(update={"brightness": 0.1})

TRAINING: dict[str, Any] = {
    "seed": 0,
    "precision": "float32",
    "batch_size": 16,
    "accumulation_steps": 1,
    "average_decay": None,
    "monitor": "balanced_accuracy",
    "patience_epochs": 100,
}
LOSS: dict[str, Any] = {
    "kind": "cross_entropy",
    "focal_gamma": None,
    "label_smoothing": 0.0,
    "class_weights": True,
    "logit_adjustment": 0.0,
}
OPTIMIZER: dict[str, Any] = {
    "name": "adamw",
    "momentum": None,
    "weight_decay": 0.01,
    "l1": 0.0,
    "max_gradient_norm": None,
}
SCHEDULE: dict[str, Any] = {"name": "cosine", "warmup_fraction": 0.2, "every_epochs": None, "factor": None}


EVERYTHING: dict[str, Any] = {
    "augmentation": NO_AUGMENTATION.model_copy(
        update={
            "mirror": "both",
            "rotation_degrees": 180,
            "zoom": 0.1,
            "shift": 0.1,
            "crop_area": (0.5, 1.0),
            "crop_aspect": (0.75, 1.5),
            "brightness": 0.1,
            "contrast": 0.1,
            "saturation": 0.1,
            "hue_degrees": 10,
            "colour_cast": 0.1,
            "hairs": 3,
            "blur": 0.05,
            "cutout": 0.3,
            "rare_strength": 1.5,
            "mixup_alpha": 0.4,
            "cutmix_alpha": 1.0,
        }
    ),
    "sampling": "square_root",
    "loss": {"kind": "focal", "focal_gamma": 1.0, "label_smoothing": 0.1, "logit_adjustment": 0.5},
    "optimizer": {"name": "sgd", "momentum": 0.9, "l1": 1e-5, "max_gradient_norm": 1.0},
    "schedule": {"name": "plateau", "warmup_fraction": None, "every_epochs": 1, "factor": 0.5},
    "precision": torch.bfloat16,
    "class_weights": [1.0, 2.0],
    "batch_size": 8,
    "accumulation_steps": 2,
    "average_decay": 0.9,
}
"""Every option that training has, switched on."""

HEAD_PHASE = PHASE.model_copy(update={"layers": "head", "backbone_factor": None})
LONG_PHASE = PHASE.model_copy(update={"num_epochs": 3, "backbone_factor": 0.5})
DEEP = {
    "phases": (HEAD_PHASE, LONG_PHASE),
    "dropout": 0.3,
    "head_widths": (8,),
    "head_batch_norm": True,
    "layer_decay": 0.8,
}
ALL_NETWORKS = [
    pytest.param(small_cnn(**DEEP, convolutions_per_block=2), id="custom_cnn"),
    pytest.param(small_resnet18(**DEEP), id="resnet18", marks=pytest.mark.slow),
    pytest.param(small_timm(**DEEP), id="timm"),
]


def coloured_images(num_images: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Noisy images of one colour each, and one of four classes: whether red and whether green are bright."""
    generator = np.random.default_rng(seed)
    colours = generator.integers(30, 226, (num_images, 1, 1, 3))
    noise = generator.normal(scale=20, size=(num_images, 18, 18, 3))
    bright = colours[:, 0, 0] > 127
    return (colours + noise).clip(0, 255).astype(np.uint8), 2 * bright[:, 0] + bright[:, 1]


def labelled_rows(rows: NDArray[np.int64], labels: NDArray[np.int64]) -> LabelledRows:
    """Rows of a cache and their classes, each image named by its row."""
    return LabelledRows(rows, labels, np.array([f"image_{row}" for row in rows]))


def train(
    images: NDArray[np.uint8],
    train_labels: NDArray[np.int64],
    val: LabelledRows,
    *,
    num_classes: int,
    architecture: AnyArchitecture | None = None,
    augmentation: AugmentationParameters = GENTLE,
    sampling: Scheme = "shuffled",
    loss: Mapping[str, Any] | None = None,
    optimizer: Mapping[str, Any] | None = None,
    schedule: Mapping[str, Any] | None = None,
    device: torch.device = CPU,
    precision: torch.dtype = torch.float32,
    execution: ExecutionChoice = "auto",
    class_weights: list[float] | None = None,
    resume: ResumeFile | None = None,
    change_network: Callable[[Classifier], object] | None = None,
    validate: Callable[[nn.Module], Scores] | None = None,
    processes: Processes = ALONE,
    synchronise_batch_norm: bool = True,
    **changes: Any,
) -> FittedNetwork:
    """Fit a small network on the first images, with changed sections; validate it on the rows of `val`."""
    architecture = architecture or small_cnn(phases=(PHASE.model_copy(update={"num_epochs": 8}),))
    training = TrainingParameters(**TRAINING | changes)
    preprocessing = build_preprocessing(architecture)
    source = open_source(images, device)
    counts = tuple(np.bincount(train_labels, minlength=num_classes).tolist())
    criterion = Criterion(
        LossParameters(**LOSS | dict(loss or {})),
        np.array(class_weights or [1.0] * num_classes),
        compute_shares(counts, sampling),
    )

    score = partial(
        validation.validate_network,
        source=source,
        val=val,
        criterion=criterion,
        preprocessing=preprocessing,
        processes=processes,
    )
    torch.manual_seed(training.seed)
    network = build_network(architecture, num_classes, pretrained=True)
    if change_network:
        change_network(network)
    optimization = OptimizerParameters(**OPTIMIZER | dict(optimizer or {}))
    return fit_network(
        Learner(
            network,
            architecture,
            criterion,
            optimization=optimization,
            training=training,
            device=device,
            precision=precision,
            execution=choose_execution(execution, device, processes.number),
            processes=processes,
            synchronise_batch_norm=synchronise_batch_norm,
        ),
        AugmentedBatches(
            source,
            labelled_rows(np.arange(len(train_labels)), train_labels),
            class_counts=counts,
            augmentation=augmentation,
            sampling=sampling,
            preprocessing=preprocessing,
            device=device,
            batch_size=training.batch_size,
            seed=training.seed,
            processes=processes,
        ),
        validate or score,
        schedule=ScheduleParameters(**SCHEDULE | dict(schedule or {})),
        training=training,
        resume=resume,
    )


def weights_of(fitted: FittedNetwork) -> torch.Tensor:
    """All weights of the best epoch, in one row."""
    return torch.cat([tensor.ravel().double() for tensor in fitted.weights.values()])


SMALL_IMAGES, _ = coloured_images(64)
SMALL_LABELS = (np.arange(64) >= 48).astype(np.int64)  # class 1 is the rare one
SMALL_VAL = labelled_rows(np.arange(64), SMALL_LABELS)


def train_small(**changes: Any) -> FittedNetwork:
    """Fit a small network on 48 images of one class and 16 of another."""
    return train(SMALL_IMAGES, SMALL_LABELS, SMALL_VAL, num_classes=2, **changes)
