"""The pipeline's own training, set up as in the stage `train`; it needs few packages besides torch."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.hardware.choices import Execution
from lesions.hardware.device import set_up_device
from lesions.networks.architecture import build_network
from lesions.networks.inference import predict_outputs
from lesions.networks.parameters import AnyArchitecture, CustomCNNParameters, PhaseParameters, TorchvisionParameters
from lesions.networks.source import ImageSource
from lesions.training.batches import AugmentedBatches, Batch, LabelledRows
from lesions.training.learner import Learner, LearningPhase
from lesions.training.loss import Criterion
from lesions.training.parameters import LossParameters, OptimizerParameters, TrainingParameters
from lesions.transforms.parameters import AugmentationParameters
from lesions.transforms.preprocessing import Preprocessing

AUGMENTATION = AugmentationParameters(
    mirror=True,
    rotation_degrees=180,
    zoom=0.15,
    shift=0.05,
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

LOSS = LossParameters(kind="cross_entropy", focal_gamma=None, label_smoothing=0, logit_adjustment=0)
OPTIMIZER = OptimizerParameters(name="adamw", momentum=None, weight_decay=0.05, l1=0, max_gradient_norm=None)
PHASE = PhaseParameters(name="all layers", num_epochs=1, layers="all", learning_rate_factor=1, backbone_factor=1)


def describe_architecture(name: str, size_px: int, learning_rate: float) -> AnyArchitecture:
    """Return the section of one of the two networks."""
    shared: dict[str, Any] = {
        "backbone": name,
        "size_px": size_px,
        "head_widths": (),
        "dropout": 0.2,
        "learning_rate": learning_rate,
        "layer_decay": 1,
        "phases": (PHASE,),
    }
    if name == "resnet18":
        return TorchvisionParameters(**shared, weights="none", weights_sha256=None)
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
    ) -> None:
        device = set_up_device("auto", num_threads=num_threads, deterministic=deterministic)
        counts = np.bincount(labels)
        architecture = describe_architecture(network, size_px, learning_rate)
        torch.manual_seed(0)
        self._source = source
        self._preprocessing = Preprocessing(size_px)
        self.learner = Learner(
            build_network(architecture, len(counts), pretrained=False),
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
