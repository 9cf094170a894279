"""The pipeline's own training, as the stage `train` puts it together; needs torch, torchvision and numpy alone."""

from collections.abc import Iterator, Sequence
from itertools import islice
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.hardware.device import set_up_device
from lesions.hardware.parameters import Execution
from lesions.networks.classifier import Classifier, build_head
from lesions.networks.custom_cnn import build_custom_cnn
from lesions.networks.inference import predict_outputs
from lesions.networks.source import ImageSource
from lesions.networks.torchvision_backbone import build_torchvision_backbone
from lesions.training.batches import AugmentedBatches, Batch, LabelledRows
from lesions.training.learner import Learner
from lesions.training.loss import Criterion
from lesions.transforms.preprocessing import Preprocessing

AUGMENTATION: dict[str, Any] = {
    "mirror": True, "rotation_degrees": 180, "zoom": 0.15, "shift": 0.05, "brightness": 0.15, "contrast": 0.15,
    "saturation": 0.15, "hue_degrees": 0, "colour_cast": 0.04, "hairs": 0, "max_hairs": 0, "blur": 0, "cutout": 0,
    "common_strength": 1.0, "rare_strength": 1.0, "max_strength": 1.0, "mixup_alpha": 0, "cutmix_alpha": 0,
}  # fmt: skip
"""The embedded dataset's, at one strength."""

LOSS = SimpleNamespace(kind="cross_entropy", focal_gamma=None, label_smoothing=0, logit_adjustment=0)
OPTIMIZER = SimpleNamespace(name="adamw", momentum=None, weight_decay=0.05, l1=0, max_gradient_norm=None)
PHASE = SimpleNamespace(name="all layers", layers="all", learning_rate_factor=1, backbone_factor=1)


def build_network(name: str, num_classes: int) -> Classifier:
    """Build one of the two networks, its weights drawn from torch's generator."""
    if name == "resnet18":
        backbone, num_features = build_torchvision_backbone("resnet18", None)
    else:
        backbone = build_custom_cnn((32, 64, 128, 256), convolutions_per_block=1, batch_norm=True)
        num_features = 256
    return Classifier(backbone, build_head((num_features, num_classes), 0.2))


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
        augmentation: dict[str, Any] | None = None,
    ) -> None:
        device = set_up_device("auto", num_threads=num_threads, deterministic=deterministic)
        counts = np.bincount(labels)
        torch.manual_seed(0)
        self._source = source
        self._preprocessing = Preprocessing(size_px)
        self.learner = Learner(
            build_network(network, len(counts)),
            SimpleNamespace(learning_rate=learning_rate, layer_decay=1),  # type: ignore[arg-type]
            Criterion(LOSS, np.ones(len(counts)), counts / counts.sum()),  # type: ignore[arg-type]
            OPTIMIZER,  # type: ignore[arg-type]
            SimpleNamespace(seed=0, accumulation_steps=1, average_decay=average_decay),  # type: ignore[arg-type]
            device=device,
            precision=precision,
            execution=execution,
        )
        self.batches = AugmentedBatches(
            source,
            LabelledRows(np.arange(len(labels)), labels, np.arange(len(labels)).astype(np.str_)),
            class_counts=tuple(counts.tolist()),
            augmentation=SimpleNamespace(**AUGMENTATION | (augmentation or {})),  # type: ignore[arg-type]
            sampling="shuffled",
            preprocessing=self._preprocessing,
            device=device,
            batch_size=batch_size,
            seed=0,
        )
        self.learner.begin_phase(PHASE)  # type: ignore[arg-type]
        self._num_steps = 0

    def yield_batches(self) -> Iterator[Batch]:
        """Yield batches of one epoch after the other, without end."""
        epoch = 1
        while True:
            yield from self.batches.epoch(epoch)
            epoch += 1

    def learn(self, batches: Iterator[Batch], num_steps: int, *, rate: float = 0.1) -> None:
        """Take steps at a part of the learning rate; a GPU may still be at work when this returns."""
        self.learner.set_train_mode()
        for batch in islice(batches, num_steps):
            self.learner.take_step([batch], rate=rate, number=self._num_steps)
            self._num_steps += 1

    def predict(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the class with the largest logit for rows of the source."""
        network, preprocessing = self.learner.best_network, self._preprocessing
        return predict_outputs(network, self._source, np.array(rows), preprocessing=preprocessing).argmax(axis=1)

    def read_weights(self) -> Tensor:
        """Return all weights in one row, on the CPU."""
        return torch.cat([tensor.double().ravel().cpu() for tensor in self.learner.network.state_dict().values()])
