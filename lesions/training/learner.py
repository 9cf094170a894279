"""A network that learns, a batch at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lesions.hardware.device import choose_memory_format
from lesions.networks.architecture import AnyArchitecture, Classifier, PhaseParameters
from lesions.training.averaging import AveragedNetwork
from lesions.training.batches import AugmentedBatches, Batch
from lesions.training.loss import Criterion
from lesions.training.optimizer import OptimizerParameters, add_l1, build_optimizer
from lesions.training.recipe import TrainingParameters


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


class Learner:
    """A network, the average of its weights where there is one, and the optimiser of the present phase."""

    def __init__(
        self,
        network: Classifier,
        architecture: AnyArchitecture,
        criterion: Criterion,
        optimization: OptimizerParameters,
        recipe: TrainingParameters,
        *,
        device: torch.device,
        precision: torch.dtype,
    ) -> None:
        self.network = network.to(device).to(memory_format=choose_memory_format(device))
        self._architecture = architecture
        self._criterion = criterion.to(device)
        self._optimization = optimization
        self._seed = recipe.seed
        self._accumulation_steps = recipe.accumulation_steps
        self._precision = precision
        self._average = None if recipe.average_decay is None else AveragedNetwork(network, recipe.average_decay)

    @property
    def networks(self) -> dict[str, nn.Module]:
        """All networks whose weights decide how training goes on, by name."""
        return {"network": self.network} | ({"average": self._average.network} if self._average else {})

    @property
    def best_network(self) -> nn.Module:
        """The network to validate and keep: the average, where there is one."""
        return self._average.network if self._average else self.network

    def begin_phase(self, phase: PhaseParameters) -> None:
        """Freeze what the phase does not train, and start an optimiser for the rest."""
        self._phase = phase
        self.optimizer = build_optimizer(self.network, self._architecture, phase, self._optimization)

    def list_learning_rates(self, rate: float) -> dict[str, float]:
        """Return the learning rate of each layer that has its own, at a part of the peak."""
        return {group["name"]: group["peak"] * rate for group in self.optimizer.param_groups}

    def set_train_mode(self) -> None:
        """Put the layers that learn into training mode; frozen ones keep their batch statistics."""
        self.network.train()
        if self._phase.layers == "head":
            self.network.backbone.eval()

    def take_step(self, batches: Iterable[Batch], *, rate: float, number: int) -> Step:
        """Learn from batches together, at a part of the peak rates, in the step of a number, from 0.

        But for batch norm, which sees one batch at a time, the step is that of a single large batch.
        """
        # Dropout draws from torch's generator; seeding it here makes a step independent of those before.
        torch.manual_seed(int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0]))
        self.optimizer.zero_grad()
        losses, weights, truths, guesses, image_ids = [], [], [], [], []
        for batch in batches:
            with torch.autocast(batch.inputs.device.type, self._precision, enabled=self._precision != torch.float32):
                logits = self.network(batch.inputs)
            loss, weight = self._criterion(logits, batch.targets), self._criterion.weigh(batch.targets)
            # The loss is divided by the weight of all images of the step: of several batches that is known at last.
            (loss.sum() / (weight.sum() if self._accumulation_steps == 1 else 1)).backward()
            losses.append(loss.detach())
            weights.append(weight)
            truths.append(batch.targets.argmax(dim=1))
            guesses.append(logits.detach().argmax(dim=1))
            image_ids.append(batch.image_ids)
        if self._accumulation_steps > 1:
            torch._foreach_div_(self._list_gradients(), torch.cat(weights).sum())
        gradient_norm = self._follow_gradient(rate)
        if self._average:
            self._average.update(number)
        return Step(
            losses=torch.cat(losses),
            weights=torch.cat(weights),
            truths=torch.cat(truths),
            guesses=torch.cat(guesses),
            gradient_norm=gradient_norm,
            image_ids=np.concatenate(image_ids),
        )

    def _follow_gradient(self, rate: float) -> Tensor:
        """Move the weights; return the gradient's norm before it was clipped."""
        if self._optimization.l1:
            add_l1(self.optimizer, self._optimization.l1)
        gradient_norm = nn.utils.get_total_norm(self._list_gradients())
        if self._optimization.max_gradient_norm is not None:
            learnt = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
            nn.utils.clip_grads_with_norm_(learnt, self._optimization.max_gradient_norm, gradient_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * rate
        self.optimizer.step()
        return gradient_norm

    def _list_gradients(self) -> list[Tensor]:
        parameters = (parameter for group in self.optimizer.param_groups for parameter in group["params"])
        return [parameter.grad for parameter in parameters if parameter.grad is not None]


def find_fitting_batch_size(learner: Learner, batches: AugmentedBatches) -> int:
    """Halve the batch until steps fit into the device's memory; return its size, or 0 where none of 2 or more does.

    The steps are taken: the learner is not to be used any more.
    """
    size = batches.batch_size // 2
    while size >= 2:
        torch.cuda.empty_cache()
        smaller = batches.resized(size)
        try:
            # The first step makes the optimiser's moments; two batches each, as gradients will be accumulated.
            for number in range(2):
                learner.take_step(islice(smaller.epoch(1), 2), rate=0.0, number=number)
        except torch.OutOfMemoryError:
            size //= 2
        else:
            return size
    return 0
