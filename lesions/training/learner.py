"""A network together with everything that takes a training step."""

from collections.abc import Iterable
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn

from lesions.hardware.choices import Execution
from lesions.hardware.device import compile_network, to_device
from lesions.hardware.exchange import add_up, send_tensors
from lesions.hardware.processes import ALONE, Processes
from lesions.networks.classifier import Classifier
from lesions.networks.depthwise import speed_up_depthwise
from lesions.networks.layers import set_train_mode
from lesions.networks.parameters import AnyArchitecture, PhaseParameters
from lesions.training.averaging import AveragedNetwork
from lesions.training.batch_norm import join_batch_norm
from lesions.training.batches import AugmentedBatches, Batch
from lesions.training.loss import Criterion
from lesions.training.optimizer import add_l1, build_optimizer, set_rate
from lesions.training.parameters import OptimizerParameters, TrainingParameters
from lesions.training.step import NUM_STEPS_BEFORE_RECORDING, RecordedStep, Step, collect_step, seed_step


class Learner:
    """A network, its loss, and optionally a moving average of its weights, with the settings of training.

    Attributes
    ----------
    network, criterion
        The network and its loss, on the device.
    average
        The moving average of the network's weights over the steps, or None.
    forward
        The network, compiled if `execution` is compiled.
    processes
        Those that train the network together; each has the same weights.
    """

    def __init__(
        self,
        network: Classifier,
        architecture: AnyArchitecture,
        criterion: Criterion,
        *,
        optimization: OptimizerParameters,
        training: TrainingParameters,
        device: torch.device,
        precision: torch.dtype,
        execution: Execution,
        processes: Processes = ALONE,
        synchronise_batch_norm: bool = True,
    ) -> None:
        self.network = to_device(network, device)
        self.architecture = architecture
        self.criterion = criterion.to(device)
        self.optimization = optimization
        self.seed = training.seed
        self.accumulation_steps = training.accumulation_steps
        self.precision = precision
        self.execution = execution
        self.forward = compile_network(self.network) if execution == "compiled" else self.network
        self.average = None if training.average_decay is None else AveragedNetwork(network, training.average_decay)
        self.processes = processes
        self.synchronises_batch_norm = synchronise_batch_norm

    @property
    def networks(self) -> dict[str, nn.Module]:
        """All networks whose weights are needed to resume training, by name."""
        return {"network": self.network} | ({"average": self.average.network} if self.average else {})

    @property
    def best_network(self) -> nn.Module:
        """The network to validate and keep: the average if there is one, else the network itself."""
        return self.average.network if self.average else self.network

    def send_weights(self) -> None:
        """Give all processes the weights of the first; those that another processor drew may differ in bits."""
        for network in self.networks.values():
            send_tensors(self.processes, list(network.state_dict().values()))

    def average_statistics(self) -> None:
        """Give all processes the mean of their batch statistics, which differ if they are not synchronised.

        A moving average of the statistics can be averaged alike, because it is a weighted sum of them.
        """
        if self.processes.is_alone or self.synchronises_batch_norm:
            return
        for network in self.networks.values():
            statistics = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
            if statistics:
                add_up(self.processes, statistics)
                torch._foreach_div_(statistics, self.processes.number)


class LearningPhase:
    """A learner in one phase, which has its own trainable layers and its own optimiser.

    Attributes
    ----------
    phase
        Which layers learn, for how long and at which rates.
    optimizer
        The optimiser of the layers that learn.
    """

    def __init__(self, learner: Learner, phase: PhaseParameters) -> None:
        self._learner = learner
        self.phase = phase
        self.optimizer = build_optimizer(learner.network, learner.architecture, phase, learner.optimization)
        self._recorded: RecordedStep | None = None
        self._num_steps = 0

    def list_learning_rates(self, rate: float) -> dict[str, float]:
        """Return the learning rate of each layer group, at a fraction `rate` of its peak."""
        return {group["name"]: group["peak"] * rate for group in self.optimizer.param_groups}

    def set_train_mode(self) -> None:
        """Put what learns into training mode; frozen layers keep their batch statistics and drop nothing."""
        self._learner.network.train()
        set_train_mode(self._learner.network.backbone, self.phase)

    def take_step(self, batches: Iterable[Batch], *, rate: float, number: int) -> Step:
        """Take one optimiser step on one or more batches.

        Several batches give the same step as a single large batch, except in batch norm, which sees one at a time.

        Parameters
        ----------
        rate
            The learning rate, as a fraction of the peak rates.
        number
            The number of the step, counted from 0.
        """
        seed_step(self._learner.seed, number, self._learner.processes)
        set_rate(self.optimizer, rate)
        step = self._run_step(batches)
        if self._learner.average:
            self._learner.average.update(number)
        return step

    def _run_step(self, batches: Iterable[Batch]) -> Step:
        """Compute a step, or replay the step that was recorded after the first steps of the phase."""
        self._num_steps += 1
        if self._learner.execution == "eager" or self._num_steps <= NUM_STEPS_BEFORE_RECORDING:
            return self._compute_step(batches)
        batches = list(batches)
        if self._recorded is None:
            self._recorded = RecordedStep(self._compute_step, batches)
        return self._recorded.replay(batches)

    def _compute_step(self, batches: Iterable[Batch]) -> Step:
        self.optimizer.zero_grad()
        criterion, precision, processes = self._learner.criterion, self._learner.precision, self._learner.processes
        # The loss is divided by the weight of all images of the step, which is known at once only if they are one
        # batch of one process.
        divides_first = self._learner.accumulation_steps == 1 and processes.is_alone
        losses, weights, truths, guesses, image_ids, places = [], [], [], [], [], []
        num_images = 0  # of the batches so far, of which another process may have a share
        for batch in batches:
            device = batch.inputs.device
            with (
                torch.autocast(device.type, precision, enabled=precision != torch.float32),
                speed_up_depthwise(device, precision),
                join_batch_norm(processes, synchronised=self._learner.synchronises_batch_norm),
            ):
                logits = self._learner.forward(batch.inputs)  # (B, K)
            loss, weight = criterion(logits, batch.targets), criterion.weigh(batch.targets)  # (B,)
            (loss.sum() / (weight.sum() if divides_first else 1)).backward()
            losses.append(loss.detach())
            weights.append(weight)
            truths.append(batch.targets.argmax(dim=1))
            guesses.append(logits.detach().argmax(dim=1))
            image_ids.append(batch.image_ids)
            places.append(num_images + batch.places)
            num_images += len(batch.image_ids)
        if not divides_first:
            gradients, weight = self._list_gradients(), torch.cat(weights).sum()
            add_up(processes, [*gradients, weight])
            torch._foreach_div_(gradients, weight)
        gradient_norm = self._follow_gradient()
        step = Step(
            losses=torch.cat(losses),
            weights=torch.cat(weights),
            truths=torch.cat(truths),
            guesses=torch.cat(guesses),
            gradient_norm=gradient_norm,
            image_ids=np.concatenate(image_ids),
        )
        return step if processes.is_alone else collect_step(processes, step, torch.from_numpy(np.concatenate(places)))

    def _follow_gradient(self) -> Tensor:
        """Update the weights along the gradient, and return the gradient's norm before clipping."""
        optimization = self._learner.optimization
        if optimization.l1:
            add_l1(self.optimizer, optimization.l1)
        gradient_norm = nn.utils.get_total_norm(self._list_gradients())
        if optimization.max_gradient_norm is not None:
            learnt = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
            nn.utils.clip_grads_with_norm_(learnt, optimization.max_gradient_norm, gradient_norm)
        self.optimizer.step()
        return gradient_norm

    def _list_gradients(self) -> list[Tensor]:
        parameters = (parameter for group in self.optimizer.param_groups for parameter in group["params"])
        return [parameter.grad for parameter in parameters if parameter.grad is not None]


def find_fitting_batch_size(learner: Learner, phase: PhaseParameters, batches: AugmentedBatches) -> int:
    """Halve the batch size until steps fit into the device's memory; return it, or 0 if not even a batch of 2 fits.

    The steps are really taken, so the learner must not be used afterwards.
    """
    size = batches.batch_size // 2
    while size >= 2:
        torch.cuda.empty_cache()
        smaller = batches.resized(size)
        try:
            learning = LearningPhase(learner, phase)
            # Enough steps for one to be recorded, each of two batches because gradients will be accumulated.
            for number in range(NUM_STEPS_BEFORE_RECORDING + 1):
                learning.take_step(islice(smaller.epoch(1), 2), rate=0.0, number=number)
        except torch.OutOfMemoryError:
            size //= 2
        else:
            return size
    return 0
