"""The training loop."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, optim
from torch.nn import functional as F

from lesions.errors import InputError
from lesions.evaluation.scores import score_labels
from lesions.hardware.device import choose_memory_format
from lesions.networks.architecture import AnyArchitecture, Classifier
from lesions.training.batches import AugmentedBatches
from lesions.training.recipe import Monitor, TrainingParameters
from lesions.training.resume import ResumeFile, TrainingState, pack_optimizer, unpack_optimizer
from lesions.training.schedule import build_optimizer, one_cycle, set_train_mode

Scores = dict[str, float]
"""loss, accuracy, balanced_accuracy, macro_f1, weighted_f1."""


@dataclass(frozen=True)
class FittedNetwork:
    """The outcome of training.

    Attributes
    ----------
    weights
        Of the best epoch, on the CPU.
    best_epoch
        Counted from 1.
    history
        One entry an epoch: epoch, phase, learning_rate (the head's, at its first step), train and val scores.
    """

    weights: dict[str, Tensor]
    best_epoch: int
    history: list[dict[str, Any]]


def fit(
    network: Classifier,
    batches: AugmentedBatches,
    validate: Callable[[Classifier], Scores],
    *,
    architecture: AnyArchitecture,
    recipe: TrainingParameters,
    class_weights: NDArray[np.float64],
    device: torch.device,
    precision: torch.dtype,
    resume: ResumeFile | None = None,
) -> FittedNetwork:
    """Train a network through the phases of its architecture; keep the epoch that validates best.

    Training stops early once the monitored metric has not improved for `patience_epochs` epochs. After each epoch
    the state is written to `resume`; from a state that is there, training goes on to the same bits.

    Parameters
    ----------
    network
        Changed in place; ends with the last epoch's weights.
    validate
        Scores the network on the validation images.
    class_weights : (K,)
        Of the loss.

    Raises
    ------
    InputError
        If the loss is no longer a finite number.
    """
    network.to(device).to(memory_format=choose_memory_format(device))
    loss_weights = torch.tensor(class_weights, dtype=torch.float32, device=device)
    state = resume.read() if resume else None
    progress = _Progress(recipe.monitor) if state is None else _Progress.restore(recipe.monitor, state, network)
    first_epoch = 1
    for phase in architecture.phases:
        optimizer = build_optimizer(
            network, phase, learning_rate=architecture.learning_rate, weight_decay=recipe.weight_decay
        )
        after_phase = first_epoch + phase.num_epochs
        if state is not None and first_epoch <= progress.epoch < after_phase - 1:
            unpack_optimizer(optimizer, state.select("optimizer"))
        rate_at = partial(
            one_cycle, num_steps=phase.num_epochs * batches.num_batches, warmup_fraction=recipe.warmup_fraction
        )
        for epoch in range(max(first_epoch, progress.epoch + 1), after_phase):
            if progress.epoch - progress.best_epoch >= recipe.patience_epochs:
                print(f"stopped early: no better {recipe.monitor} for {recipe.patience_epochs} epochs", flush=True)
                return progress.outcome
            # Dropout draws from torch's generator; seeding it here keeps an epoch independent of those before.
            torch.manual_seed(int(np.random.SeedSequence([recipe.seed, epoch]).generate_state(1)[0]))
            set_train_mode(network, phase)
            first_step = (epoch - first_epoch) * batches.num_batches
            rates = [rate_at(step) for step in range(first_step, first_step + batches.num_batches)]
            train = _train_epoch(network, batches.epoch(epoch), loss_weights, optimizer, rates, precision)
            _check_finite(train["loss"], "training", epoch)
            val = validate(network)
            _check_finite(val["loss"], "validation", epoch)
            learning_rate = optimizer.param_groups[0]["peak"] * rates[0]
            entry = {"epoch": epoch, "phase": phase.name, "learning_rate": learning_rate, "train": train, "val": val}
            progress.add(entry, network)
            if resume:
                resume.write(progress.save(network, optimizer))
            print(_describe(entry), flush=True)
        first_epoch = after_phase
    return progress.outcome


class _Progress:
    """How far training has come, and the best epoch so far."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._best_quality = -np.inf
        self._best_weights: dict[str, Tensor] = {}
        self._history: list[dict[str, Any]] = []
        self.best_epoch = 0

    @property
    def epoch(self) -> int:
        """The last finished epoch."""
        return len(self._history)

    @property
    def outcome(self) -> FittedNetwork:
        """What training has come to."""
        return FittedNetwork(self._best_weights, self.best_epoch, self._history)

    def add(self, entry: dict[str, Any], network: Classifier) -> None:
        """Add a finished epoch."""
        self._history.append(entry)
        quality = _quality(entry["val"], self._monitor)
        if quality > self._best_quality:
            self._best_quality, self.best_epoch = quality, self.epoch
            self._best_weights = {name: tensor.cpu().clone() for name, tensor in network.state_dict().items()}

    def save(self, network: Classifier, optimizer: optim.Optimizer) -> TrainingState:
        """Return all that going on from here needs."""
        tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self._best_weights.items()}
        about = {"best_epoch": self.best_epoch, "best_quality": self._best_quality, "history": self._history}
        return TrainingState(tensors | pack_optimizer(optimizer), about)

    @classmethod
    def restore(cls, monitor: Monitor, state: TrainingState, network: Classifier) -> "_Progress":
        """Return the progress that `save` described, and put the network's weights back."""
        progress = cls(monitor)
        progress._best_quality, progress.best_epoch = state.about["best_quality"], state.about["best_epoch"]
        progress._history = state.about["history"]
        progress._best_weights = state.select("best")
        network.load_state_dict(state.select("network"))
        print(f"going on after epoch {progress.epoch}, the last one finished", flush=True)
        return progress


def _train_epoch(
    network: Classifier,
    batches: Iterator[tuple[Tensor, Tensor]],
    loss_weights: Tensor,
    optimizer: optim.Optimizer,
    rates: list[float],
    precision: torch.dtype,
) -> Scores:
    """Train on every batch of an epoch, at parts of the peak rates.

    Returns
    -------
    What the network said of each batch, augmented, before its step, scored.
    """
    losses, weights, truths, guesses = [], [], [], []
    for (inputs, labels), rate in zip(batches, rates, strict=True):
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * rate
        with torch.autocast(inputs.device.type, precision, enabled=precision != torch.float32):
            logits = network(inputs)
        weight = loss_weights[labels].sum()
        loss = F.cross_entropy(logits.float(), labels, weight=loss_weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        # Kept on the device: reading a value here would make the device wait at every step.
        losses.append(loss.detach() * weight)
        weights.append(weight)
        truths.append(labels)
        guesses.append(logits.detach().argmax(dim=1))
    y_true, y_pred = (torch.cat(parts).cpu().numpy() for parts in (truths, guesses))
    loss = torch.stack(losses).sum() / torch.stack(weights).sum()
    return {"loss": loss.item(), **score_labels(y_true, y_pred, len(loss_weights))}


def _check_finite(loss: float, split: str, epoch: int) -> None:
    if not np.isfinite(loss):
        raise InputError(f"the {split} loss is {loss} after epoch {epoch}; lower the architecture's learning_rate")


def _quality(val: Scores, monitor: Monitor) -> float:
    """Return the monitored metric with its sign such that more is better."""
    return -val["loss"] if monitor == "loss" else val[monitor]


def _describe(entry: dict[str, Any]) -> str:
    train, val = entry["train"], entry["val"]
    return (
        f"epoch {entry['epoch']:3d} ({entry['phase']}): loss {train['loss']:.3f} train, {val['loss']:.3f} val; "
        f"balanced accuracy {train['balanced_accuracy']:.3f} train, {val['balanced_accuracy']:.3f} val"
    )
