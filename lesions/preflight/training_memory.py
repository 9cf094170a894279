"""Counting the memory that training a network or predicting with it takes, without computing anything."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lesions.networks.architecture import build_network
from lesions.networks.classifier import Classifier
from lesions.networks.inference import BATCH_SIZE, predict_batch
from lesions.networks.parameters import AnyArchitecture
from lesions.networks.preprocessing import build_preprocessing
from lesions.training.parameters import OptimizerParameters, TrainingParameters


class MemoryTally(TorchDispatchMode):
    """Counts the bytes of the live tensors that are created while it is active.

    Attributes
    ----------
    peak_bytes
        The peak number of bytes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._alive: set[int] = set()
        self._bytes = 0
        self.peak_bytes = 0

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Sequence[type], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run an operation and count its new storages; views and in-place changes have no new storage."""
        result = func(*args, **(kwargs or {}))
        # An argument may be older than the tally and be returned after an in-place change.
        given = {
            tensor.untyped_storage()._cdata for tensor in tree_leaves((args, kwargs)) if isinstance(tensor, Tensor)
        }
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.untyped_storage()._cdata not in given:
                self._count(tensor.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        address = storage._cdata
        if address in self._alive:
            return
        num_bytes = storage.nbytes()
        self._alive.add(address)
        self._bytes += num_bytes
        self.peak_bytes = max(self.peak_bytes, self._bytes)
        weakref.finalize(storage, self._forget, address, num_bytes)

    def _forget(self, address: int, num_bytes: int) -> None:
        self._alive.discard(address)
        self._bytes -= num_bytes


def count_training_bytes(
    architecture: AnyArchitecture,
    training: TrainingParameters,
    optimizer: OptimizerParameters,
    *,
    precision: torch.dtype,
    cached_px: int,
    num_train: int,
    num_val: int,
) -> int:
    """Return the peak bytes of live tensors while a network is trained on the CPU.

    A step is run with tensors that have shapes but no values. The count does not include the temporary memory of
    augmentation and convolutions, or the memory that the allocator keeps.

    Parameters
    ----------
    precision
        The precision of training; validation is in float32.
    cached_px
        The side of a cached image.
    num_train, num_val
        Number of training and validation images.
    """
    network = build_network(architecture, num_classes=2, pretrained=False).to("meta")
    weights = count_weight_bytes(network)
    validated = tally_prediction(network, architecture, cached_px=cached_px, num_images=num_val)
    network.to(precision).train()
    with MemoryTally() as learnt:
        preprocessing = build_preprocessing(architecture)
        pixels = make_pixels(cached_px, min(training.batch_size, num_train))
        inputs = preprocessing.normalise(preprocessing.resize(preprocessing.prepare(pixels)))
        take_step(network, inputs.to(precision))
    return weights * count_copies(training, optimizer) + max(validated, learnt.peak_bytes)


def count_prediction_bytes(architecture: AnyArchitecture, *, cached_px: int, num_images: int, num_views: int) -> int:
    """Return the peak bytes of live tensors while a network predicts in float32 on the CPU."""
    network = build_network(architecture, num_classes=2, pretrained=False).to("meta")
    predicted = tally_prediction(
        network, architecture, cached_px=cached_px, num_images=num_images, num_views=num_views
    )
    return count_weight_bytes(network) + predicted


def tally_prediction(
    network: Classifier, architecture: AnyArchitecture, *, cached_px: int, num_images: int, num_views: int = 1
) -> int:
    """Return the peak bytes of the tensors that predicting creates, without those of the network."""
    network.eval()
    with MemoryTally() as tally, torch.inference_mode():
        pixels = make_pixels(cached_px, min(BATCH_SIZE, num_images))
        predict_batch(network, pixels, preprocessing=build_preprocessing(architecture), num_views=num_views)
    return tally.peak_bytes


def count_weight_bytes(network: Classifier) -> int:
    """Return the bytes of a network's weights and batch statistics."""
    return sum(tensor.nbytes for tensor in network.state_dict().values())


def make_pixels(cached_px: int, num_images: int) -> Tensor:
    """Return a batch of cached images without values."""
    return torch.empty((num_images, cached_px, cached_px, 3), dtype=torch.uint8, device="meta")


def take_step(network: Classifier, inputs: Tensor) -> None:
    """Run a forward and a backward pass."""
    network(inputs).sum().backward()


def count_copies(training: TrainingParameters, optimizer: OptimizerParameters) -> int:
    """Return the numbers stored per weight: the weight, its gradient, its moments, its average and its best value."""
    moments = {"sgd": int(bool(optimizer.momentum)), "adam": 2, "adamw": 2}[optimizer.name]
    return 3 + moments + int(training.average_decay is not None)
