"""Shuffled, augmented batches of the training images."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.hardware.device import choose_memory_format
from lesions.networks.preprocessing import Preprocessing
from lesions.training.augmentation import AugmentationParameters, augment, compute_strengths, draw


@dataclass(frozen=True)
class LabelledRows:
    """Rows of the image cache, and the class of each; both (N,) int."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]


class AugmentedBatches:
    """The training images of one epoch after the other, each epoch in an order and with changes of its own."""

    def __init__(
        self,
        images: NDArray[np.uint8],
        train: LabelledRows,
        *,
        class_counts: tuple[int, ...],
        augmentation: AugmentationParameters,
        preprocessing: Preprocessing,
        device: torch.device,
        batch_size: int,
        seed: int,
    ) -> None:
        self._images = images
        self._train = train
        self._strengths = compute_strengths(class_counts, augmentation)[train.labels]
        self._augmentation = augmentation
        self._preprocessing = preprocessing
        self._device = device
        self._batch_size = min(batch_size, len(train.rows))
        self._seed = seed

    @property
    def num_batches(self) -> int:
        """Batches in an epoch; the images that would not fill a last one wait for another epoch."""
        return len(self._train.rows) // self._batch_size

    def epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield normalised images (B, 3, H, W) and their classes (B,), on the device."""
        draws = draw(len(self._train.rows), seed=self._seed, epoch=epoch)
        order = np.random.default_rng([self._seed, epoch, 1]).permutation(len(draws))
        for chosen in order[: self.num_batches * self._batch_size].reshape(-1, self._batch_size):
            batch = self._preprocessing.load(self._images, self._train.rows[chosen], self._device)
            changed = augment(
                batch,
                self._on_device(draws[chosen]),
                self._on_device(self._strengths[chosen]),
                parameters=self._augmentation,
                preprocessing=self._preprocessing,
            )
            inputs = self._preprocessing.normalise(changed)
            memory_format = choose_memory_format(self._device)
            yield inputs.contiguous(memory_format=memory_format), self._on_device(self._train.labels[chosen])

    def _on_device(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(array).to(self._device)
