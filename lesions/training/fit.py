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
) -> FittedNetwork:
    """Train a network through the phases of its architecture; keep the epoch that validates best.

    Training stops early once the monitored metric has not improved for `patience_epochs` epochs.

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
    best = FittedNetwork({}, best_epoch=0, history=[])
    best_quality = -np.inf
    epochs = _train_epochs(network, batches, loss_weights, architecture, recipe, precision)
    for epoch, entry in enumerate(epochs, start=1):
        val = validate(network)
        _check_finite(val["loss"], "validation", epoch)
        best.history.append({"epoch": epoch, **entry, "val": val})
        print(_describe(best.history[-1]), flush=True)
        quality = _quality(val, recipe.monitor)
        if quality > best_quality:
            best_quality = quality
            weights = {name: tensor.cpu().clone() for name, tensor in network.state_dict().items()}
            best = FittedNetwork(weights, epoch, best.history)
        elif epoch - best.best_epoch >= recipe.patience_epochs:
            print(f"stopped early: no better {recipe.monitor} for {recipe.patience_epochs} epochs", flush=True)
            break
    return best


def _train_epochs(
    network: Classifier,
    batches: AugmentedBatches,
    loss_weights: Tensor,
    architecture: AnyArchitecture,
    recipe: TrainingParameters,
    precision: torch.dtype,
) -> Iterator[dict[str, Any]]:
    """Train one epoch after the other, yielding what each was and how it scored on what it trained on."""
    epoch = 0
    for phase in architecture.phases:
        optimizer = build_optimizer(
            network, phase, learning_rate=architecture.learning_rate, weight_decay=recipe.weight_decay
        )
        num_steps = phase.num_epochs * batches.num_batches
        rate_at = partial(one_cycle, num_steps=num_steps, warmup_fraction=recipe.warmup_fraction)
        schedule = optim.lr_scheduler.LambdaLR(optimizer, rate_at)
        for _ in range(phase.num_epochs):
            epoch += 1
            # Dropout draws from torch's generator; seeding it here keeps an epoch independent of those before.
            torch.manual_seed(int(np.random.SeedSequence([recipe.seed, epoch]).generate_state(1)[0]))
            set_train_mode(network, phase)
            rate = optimizer.param_groups[0]["lr"]
            scores = _train_epoch(network, batches.epoch(epoch), loss_weights, optimizer, schedule, precision)
            _check_finite(scores["loss"], "training", epoch)
            yield {"phase": phase.name, "learning_rate": rate, "train": scores}


def _train_epoch(
    network: Classifier,
    batches: Iterator[tuple[Tensor, Tensor]],
    loss_weights: Tensor,
    optimizer: optim.Optimizer,
    schedule: optim.lr_scheduler.LRScheduler,
    precision: torch.dtype,
) -> Scores:
    """Train on every batch of an epoch, and score what the network said of each, augmented, before its step."""
    losses, weights, truths, guesses = [], [], [], []
    for inputs, labels in batches:
        with torch.autocast(inputs.device.type, precision, enabled=precision != torch.float32):
            logits = network(inputs)
        weight = loss_weights[labels].sum()
        loss = F.cross_entropy(logits.float(), labels, weight=loss_weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
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
