"""The pipeline's own training, set up as in the stage `train`; it needs few packages besides torch."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.formats.sha256 import hash_file
from lesions.hardware.choices import Execution
from lesions.hardware.device import set_up_device
from lesions.networks.architecture import build_network
from lesions.networks.inference import predict_outputs
from lesions.networks.licences import PERMISSIVE, find_licence
from lesions.networks.parameters import (
    AnyArchitecture,
    CustomCNNParameters,
    PhaseParameters,
    TimmParameters,
    TorchvisionParameters,
)
from lesions.networks.preprocessing import build_preprocessing
from lesions.networks.source import ImageSource
from lesions.training.batches import AugmentedBatches, Batch, LabelledRows
from lesions.training.learner import Learner, LearningPhase
from lesions.training.loss import Criterion
from lesions.training.parameters import LossParameters, OptimizerParameters, TrainingParameters
from lesions.transforms.parameters import AugmentationParameters

AUGMENTATION = AugmentationParameters(
    mirror="horizontal",
    rotation_degrees=180,
    zoom=0.15,
    shift=0.05,
    crop_area=None,
    crop_aspect=None,
    brightness=0.15,
    contrast=0.15,
    saturation=0.15,
    hue_degrees=0,
    colour_cast=0.04,
    hairs=0,
    blur=0,
    cutout=0,
    common_strength=1,
    rare_strength=1,
    mixup_alpha=0,
    cutmix_alpha=0,
)
"""The augmentation of the embedded dataset, with one strength for all classes."""

LOSS = LossParameters(
    kind="cross_entropy", focal_gamma=None, label_smoothing=0, class_weights=True, logit_adjustment=0
)
OPTIMIZER = OptimizerParameters(name="adamw", momentum=None, weight_decay=0.05, l1=0, max_gradient_norm=None)
PHASE = PhaseParameters(name="all layers", num_epochs=1, layers="all", learning_rate_factor=1, backbone_factor=1)


PRETRAINED = {
    "resnet18": "resnet18-imagenet1k-v1.pth",
    "mobilenet_v2": "mobilenet_v2-imagenet1k-v1.pth",
    "tf_efficientnet_lite0": "tf_efficientnet_lite0-imagenet1k.safetensors",
    "tf_efficientnet_lite2": "tf_efficientnet_lite2-imagenet1k.safetensors",
}
"""Files of ImageNet weights, by network; those of ResNet-18 and MobileNetV2 are torchvision's, the others timm's."""


def describe_architecture(
    name: str, size_px: int, learning_rate: float, weights: Path | None = None
) -> AnyArchitecture:
    """Return the section of a network, which starts from the weights in a file, or from random ones."""
    shared: dict[str, Any] = {
        "backbone": name,
        "size_px": size_px,
        "normalisation": "auto",
        "head_widths": (),
        "head_batch_norm": False,
        "dropout": 0.2,
        "learning_rate": learning_rate,
        "layer_decay": 1,
        "phases": (PHASE,),
    }
    start: dict[str, Any] = {
        "weights": str(weights or "none"),
        "weights_sha256": None if weights is None else hash_file(weights),
        "accepted_licences": (),
    }
    if name.startswith("tf_"):
        shared["backbone"] = f"timm/{name}"
        return TimmParameters(**shared, **start, adapt_input_size=False)
    if name in PRETRAINED:
        section = TorchvisionParameters(**shared, **start)
        licence = find_licence(section)
        accepted = () if licence is None or licence in PERMISSIVE else (licence,)
        return section.model_copy(update={"accepted_licences": accepted})
    return CustomCNNParameters(
        **shared, widths=(32, 64, 128, 256), convolutions_per_block=1, batch_norm=True, residual=False
    )


class Training:
    """A network that learns from the first images of a source, in epochs of batches."""

    def __init__(
        self,
        network: str,
        source: ImageSource,
        labels: NDArray[np.int64],
        *,
        size_px: int,
        batch_size: int,
        precision: torch.dtype,
        execution: Execution = "eager",
        deterministic: bool = True,
        num_threads: int = 2,
        learning_rate: float = 1e-3,
        average_decay: float | None = None,
        augmentation: AugmentationParameters = AUGMENTATION,
        weights: Path | None = None,
    ) -> None:
        device = set_up_device("auto", num_threads=num_threads, deterministic=deterministic)
        counts = np.bincount(labels)
        architecture = describe_architecture(network, size_px, learning_rate, weights)
        torch.manual_seed(0)
        self._source = source
        self._preprocessing = build_preprocessing(architecture)
        self.learner = Learner(
            build_network(architecture, len(counts), pretrained=True),
            architecture,
            Criterion(LOSS, np.ones(len(counts)), counts / counts.sum()),
            optimization=OPTIMIZER,
            training=TrainingParameters(
                seed=0,
                precision="auto",
                batch_size=batch_size,
                accumulation_steps=1,
                average_decay=average_decay,
                monitor="loss",
                patience_epochs=1,
            ),
            device=device,
            precision=precision,
            execution=execution,
        )
        self.batches = AugmentedBatches(
            source,
            LabelledRows(np.arange(len(labels)), labels, np.arange(len(labels)).astype(np.str_)),
            class_counts=tuple(counts.tolist()),
            augmentation=augmentation,
            sampling="shuffled",
            preprocessing=self._preprocessing,
            device=device,
            batch_size=batch_size,
            seed=0,
        )
        self.learning = LearningPhase(self.learner, PHASE)
        self._num_steps = 0

    def yield_batches(self) -> Iterator[Batch]:
        """Yield the batches of one epoch after the other, endlessly."""
        epoch = 1
        while True:
            yield from self.batches.epoch(epoch)
            epoch += 1

    def learn(self, batches: Iterator[Batch], num_steps: int, *, rate: float = 0.1) -> None:
        """Take steps at a fraction of the learning rate; a GPU may still be computing when this returns."""
        self.learning.set_train_mode()
        for batch in islice(batches, num_steps):
            self.learning.take_step([batch], rate=rate, number=self._num_steps)
            self._num_steps += 1

    def predict(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the class with the largest logit for rows of the source."""
        network, preprocessing = self.learner.best_network, self._preprocessing
        return predict_outputs(network, self._source, np.array(rows), preprocessing=preprocessing).argmax(axis=1)

    def read_weights(self) -> Tensor:
        """Return all weights in one flat tensor on the CPU."""
        return torch.cat([tensor.double().ravel().cpu() for tensor in self.learner.network.state_dict().values()])
