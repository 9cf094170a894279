"""A network that learns, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from lesions.hardware.device import to_device
from lesions.hardware.parameters import Execution
from lesions.networks.classifier import Classifier
from lesions.training.averaging import AveragedNetwork
from lesions.training.batches import AugmentedBatches, Batch
from lesions.training.loss import Criterion
from lesions.training.optimizer import add_l1, build_optimizer, set_rate
from lesions.training.step import NUM_STEPS_BEFORE_RECORDING, RecordedStep, Step

if TYPE_CHECKING:
    from lesions.networks.parameters import AnyArchitecture, PhaseParameters
    from lesions.training.parameters import OptimizerParameters, TrainingParameters


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
        execution: Execution,
    ) -> None:
        self.network = to_device(network, device)
        self._architecture = architecture
        self._criterion = criterion.to(device)
        self._optimization = optimization
        self._seed = recipe.seed
        self._accumulation_steps = recipe.accumulation_steps
        self._precision = precision
        self._execution = execution
        self._forward = torch.compile(self.network) if execution == "compiled" else self.network
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
        self._recorded: RecordedStep | None = None
        self._num_steps = 0

    def restart_phase(self) -> None:
        """Begin the present phase anew, with the weights as they are."""
        self.begin_phase(self._phase)

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
        set_rate(self.optimizer, rate)
        step = self._run(batches)
        if self._average:
            self._average.update(number)
        return step

    def _run(self, batches: Iterable[Batch]) -> Step:
        """Compute a step, or replay the one that was recorded after the first of the phase."""
        self._num_steps += 1
        if self._execution == "eager" or self._num_steps <= NUM_STEPS_BEFORE_RECORDING:
            return self._compute_step(batches)
        batches = list(batches)
        if self._recorded is None:
            self._recorded = RecordedStep(self._compute_step, batches)
        return self._recorded.replay(batches)

    def _compute_step(self, batches: Iterable[Batch]) -> Step:
        self.optimizer.zero_grad()
        losses, weights, truths, guesses, image_ids = [], [], [], [], []
        for batch in batches:
            with torch.autocast(batch.inputs.device.type, self._precision, enabled=self._precision != torch.float32):
                logits = self._forward(batch.inputs)
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
        gradient_norm = self._follow_gradient()
        return Step(
            losses=torch.cat(losses),
            weights=torch.cat(weights),
            truths=torch.cat(truths),
            guesses=torch.cat(guesses),
            gradient_norm=gradient_norm,
            image_ids=np.concatenate(image_ids),
        )

    def _follow_gradient(self) -> Tensor:
        """Move the weights; return the gradient's norm before it was clipped."""
        if self._optimization.l1:
            add_l1(self.optimizer, self._optimization.l1)
        gradient_norm = nn.utils.get_total_norm(self._list_gradients())
        if self._optimization.max_gradient_norm is not None:
            learnt = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
            nn.utils.clip_grads_with_norm_(learnt, self._optimization.max_gradient_norm, gradient_norm)
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
            learner.restart_phase()
            # Until one was recorded; two batches each, as gradients will be accumulated.
            for number in range(NUM_STEPS_BEFORE_RECORDING + 1):
                learner.take_step(islice(smaller.epoch(1), 2), rate=0.0, number=number)
        except torch.OutOfMemoryError:
            size //= 2
        else:
            return size
    return 0
