"""One training step: its results, and its recording as a CUDA graph that the GPU replays."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.hardware.exchange import add_up
from lesions.hardware.processes import ALONE, Processes
from lesions.training.batches import Batch

NUM_STEPS_BEFORE_RECORDING = 3
"""Number of steps that a phase computes before it records one. They create the optimiser's moments and the workspaces
of cuDNN and cuBLAS, which must not become part of the recording."""


@dataclass(frozen=True)
class Step:
    """The results of one step, from the outputs before the weights were updated; tensors stay on the device.

    Attributes
    ----------
    losses, weights : (B,)
        The loss of each image multiplied by its weight, and the weight.
    truths, guesses : (B,) int
        The true class, which for a mixed image is that of its larger part, and the class with the largest logit.
    gradient_norm : ()
        The norm of the gradient before clipping.
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
        """The weighted mean loss, ()."""
        return self.losses.sum() / self.weights.sum()


def seed_step(seed: int, number: int, processes: Processes = ALONE) -> None:
    """Seed torch's generator, from which dropout draws, for the step with this number.

    A step is then independent of the steps before it, and of the other processes.
    """
    # A last 0, that of the first process, changes no seed.
    torch.manual_seed(int(np.random.SeedSequence([seed, number, processes.rank]).generate_state(1)[0]))


def collect_step(processes: Processes, share: Step, places: Tensor) -> Step:
    """Return a step of several processes, each of which has a share of its images.

    Parameters
    ----------
    share
        The step with the results of this process's images, and the names of all.
    places : (S,) int
        Which of all images of the step they are.
    """
    of_images = ("losses", "weights", "truths", "guesses")
    # float64 holds each class exactly, and each loss. Where a process has no image it adds 0.
    rows = share.losses.new_zeros(len(of_images), len(share.image_ids), dtype=torch.float64)
    rows[:, places] = torch.stack([getattr(share, name).double() for name in of_images])
    add_up(processes, [rows])
    collected = {name: row.to(getattr(share, name).dtype) for name, row in zip(of_images, rows, strict=True)}
    return replace(share, **collected)


class RecordedStep:
    """A step recorded as a CUDA graph, which the GPU runs as one: its operations are too small to launch one by one.

    The graph reads its batches from the memory of the recorded batches, and writes weights, gradients and moments to
    the memory they had when it was recorded.
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
