"""One step of training: what came of it, and how a GPU repeats it without being told each operation."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.training.batches import Batch

NUM_STEPS_BEFORE_RECORDING = 3
"""Steps of a phase that are computed before one is recorded: they make the optimiser's moments, and the workspaces of
cuDNN and cuBLAS, which must not be part of the record."""


@dataclass(frozen=True)
class Step:
    """What the network said of a step's images before it learnt from them; tensors stay on the device until read.

    Attributes
    ----------
    losses, weights : (B,)
        Each image's loss, multiplied by its weight, and the weight.
    truths, guesses : (B,) int
        The true class, of a mixed image that of its larger part, and the class with the largest logit.
    gradient_norm : ()
        Before it was clipped.
    image_ids : (B,)
    """

    losses: Tensor
    weights: Tensor
    truths: Tensor
    guesses: Tensor
    gradient_norm: Tensor
    image_ids: NDArray[np.str_]

    @property
    def loss(self) -> Tensor:
        """The weighted mean; ()."""
        return self.losses.sum() / self.weights.sum()


class RecordedStep:
    """A step recorded as a CUDA graph, which the GPU runs at once: launched one by one, its operations are too small.

    The graph reads its batches from the memory that the recorded ones were in, and writes weights, gradients and
    moments where they were.
    """

    def __init__(self, compute: Callable[[Iterable[Batch]], Step], batches: Sequence[Batch]) -> None:
        self._batches = [
            replace(batch, inputs=batch.inputs.clone(), targets=batch.targets.clone()) for batch in batches
        ]
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._step = compute(self._batches)

    def replay(self, batches: Sequence[Batch]) -> Step:
        """Take the step with batches of the same shapes."""
        for recorded, batch in zip(self._batches, batches, strict=True):
            recorded.inputs.copy_(batch.inputs)
            recorded.targets.copy_(batch.targets)
        self._graph.replay()
        tensors = {name: value.clone() for name, value in vars(self._step).items() if isinstance(value, Tensor)}
        return replace(self._step, **tensors, image_ids=np.concatenate([batch.image_ids for batch in batches]))
