"""Augmented batches of the training images."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.errors import InputError
from lesions.hardware.device import choose_memory_format
from lesions.hardware.processes import ALONE, Processes
from lesions.networks.source import ImageSource
from lesions.training.sampling import Scheme, draw_order
from lesions.transforms.artefacts import draw_hairs
from lesions.transforms.augmentation import augment_images, compute_strengths, draw_changes
from lesions.transforms.crops import draw_crops
from lesions.transforms.mixing import draw_mixing, mix_images
from lesions.transforms.parameters import AugmentationParameters
from lesions.transforms.preprocessing import Preprocessing


@dataclass(frozen=True)
class LabelledRows:
    """Images to learn from: their rows in the image cache (N,) int, classes (N,) int and names (N,) str."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    image_ids: NDArray[np.str_]


@dataclass(frozen=True)
class Batch:
    """The images of one batch, augmented, and their targets; or the share of them that one of several processes has.

    Attributes
    ----------
    inputs : (S, 3, H, W)
        Normalised pixels, on the device.
    targets : (S, K)
        The share of each class in each image, on the device.
    places : (S,) int
        Which images of the batch these are: all, unless several processes share it.
    image_ids : (B,)
        The name of each image of the whole batch; for a mixed image, the name of the first of the two.
    """

    inputs: Tensor
    targets: Tensor
    places: NDArray[np.int64]
    image_ids: NDArray[np.str_]


class AugmentedBatches:
    """The augmented batches of all epochs; each epoch has its own order and its own random changes.

    Several processes draw the same numbers for the whole batch, and each augments its share alone.
    """

    def __init__(
        self,
        source: ImageSource,
        train: LabelledRows,
        *,
        class_counts: tuple[int, ...],
        augmentation: AugmentationParameters,
        sampling: Scheme,
        preprocessing: Preprocessing,
        device: torch.device,
        batch_size: int,
        seed: int,
        processes: Processes = ALONE,
    ) -> None:
        self._source = source
        self._train = train
        self._class_counts = class_counts
        self._strengths = compute_strengths(class_counts, augmentation)[train.labels]
        self._augmentation = augmentation
        self._sampling = sampling
        self._preprocessing = preprocessing
        self._device = device
        self._seed = seed
        self._processes = processes
        self.batch_size = min(batch_size, len(train.rows))
        check_shares(self.batch_size, processes.number)

    @property
    def num_batches(self) -> int:
        """Number of full batches per epoch; the images that would not fill a last batch are left out of the epoch."""
        return len(self._train.rows) // self.batch_size

    @property
    def num_classes(self) -> int:
        """Number of classes, K."""
        return len(self._class_counts)

    def resized(self, batch_size: int) -> Self:
        """Return a copy that yields the same images in batches of another size."""
        other = copy.copy(self)
        other.batch_size = min(batch_size, len(self._train.rows))
        return other

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 1."""
        N, changes = len(self._train.rows), self._augmentation
        alphas = {"mixup_alpha": changes.mixup_alpha, "cutmix_alpha": changes.cutmix_alpha}
        order = draw_order(self._train.labels, self._class_counts, self._sampling, seed=self._seed, epoch=epoch)
        batches = order[: self.num_batches * self.batch_size].reshape(self.num_batches, self.batch_size)
        share = share_batch(self.batch_size, self._processes)
        order = batches[:, share].ravel()  # of the images of this process
        own = (np.arange(self.num_batches)[:, None] * self.batch_size + share).ravel()  # their places in the epoch
        # All random numbers of an epoch are copied at once, because a GPU waits for each copy.
        draws = self._on_device(draw_changes(N, seed=self._seed, epoch=epoch)[own])
        limits = {"area": changes.crop_area, "aspect": changes.crop_aspect}
        crops = self._on_device(draw_crops(N, **limits, seed=self._seed, epoch=epoch)[own])
        hairs = self._on_device(draw_hairs(N, changes.max_hairs, seed=self._seed, epoch=epoch)[own])
        mixing = self._on_device(draw_mixing(N, **alphas, seed=self._seed, epoch=epoch)[own])
        strengths = self._on_device(self._strengths[order])
        labels = self._on_device(self._train.labels[order])
        targets = torch.eye(self.num_classes, device=self._device)[labels]  # (N, K)
        for number, pixels in enumerate(self._source.yield_batches(self._train.rows[order], len(share))):
            positions = slice(number * len(share), (number + 1) * len(share))
            changed = augment_images(
                self._preprocessing.prepare(pixels),
                draws[positions],
                crops=crops[positions],
                hairs=hairs[positions],
                strengths=strengths[positions],
                parameters=changes,
                preprocessing=self._preprocessing,
            )
            mixed = targets[positions]
            if any(alphas.values()):
                changed, mixed = mix_images(changed, mixed, mixing[positions], **alphas)
            inputs = self._preprocessing.normalise(changed)
            inputs = inputs.contiguous(memory_format=choose_memory_format(self._device))
            yield Batch(inputs, mixed, share, self._train.image_ids[batches[number]])

    def _on_device(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(array).to(self._device)


def share_batch(batch_size: int, processes: Processes) -> NDArray[np.int64]:
    """Return the places in a batch of the images that this process learns from, rising; those of all make the batch.

    Image i is mixed with image B - 1 - i, so both are in the same share. Without mixing it makes no difference.
    """
    num_pairs = ceil(batch_size / 2)
    first, after = (num_pairs * rank // processes.number for rank in (processes.rank, processes.rank + 1))
    pairs = np.arange(first, after)
    # The middle image of an odd batch is mixed with itself.
    return np.union1d(pairs, batch_size - 1 - pairs)


def check_shares(batch_size: int, num_processes: int) -> None:
    """Raise InputError if a batch is so small that a process would have fewer than two of its images."""
    if num_processes > 1 and batch_size < 2 * num_processes:
        raise InputError(
            f"hardware.num_processes is {num_processes}, and a batch has {batch_size} images, of which each process "
            f"takes at least 2: set training.batch_size to {2 * num_processes} or more, where there are as many to "
            "train on, or start fewer processes"
        )
