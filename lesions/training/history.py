"""How far training has come, and the best epoch so far."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn, optim

from lesions.training.parameters import Monitor
from lesions.training.resume import TrainingState, pack_optimizer


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
        One entry an epoch: epoch, phase, learning_rates (of each layer with one of its own, at the first step), train
        and val scores.
    """

    weights: dict[str, Tensor]
    best_epoch: int
    history: list[dict[str, Any]]


class Progress:
    """How far training has come, and the best epoch so far."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._best_weights: dict[str, Tensor] = {}
        self.history: list[dict[str, Any]] = []

    @property
    def epoch(self) -> int:
        """The last finished epoch."""
        return len(self.history)

    @property
    def best_epoch(self) -> int:
        """The first of those that validated best; 0 before there is any."""
        return int(np.argmax(self.qualities)) + 1 if self.history else 0

    @property
    def qualities(self) -> list[float]:
        """The monitored metric after each epoch, with its sign such that more is better."""
        sign = -1 if self._monitor == "loss" else 1
        return [sign * entry["val"][self._monitor] for entry in self.history]

    @property
    def outcome(self) -> FittedNetwork:
        """What training has come to."""
        return FittedNetwork(self._best_weights, self.best_epoch, self.history)

    def add(self, entry: dict[str, Any], network: nn.Module) -> None:
        """Add a finished epoch, and the network that was validated after it."""
        self.history.append(entry)
        if self.best_epoch == self.epoch:
            self._best_weights = {name: tensor.cpu().clone() for name, tensor in network.state_dict().items()}

    def save(self, networks: dict[str, nn.Module], optimizer: optim.Optimizer) -> TrainingState:
        """Return all that going on from here needs."""
        tensors = {f"best.{name}": tensor for name, tensor in self._best_weights.items()}
        for kind, network in networks.items():
            tensors |= {f"{kind}.{name}": tensor for name, tensor in network.state_dict().items()}
        return TrainingState(tensors | pack_optimizer(optimizer), {"history": self.history})

    def restore(self, state: TrainingState, networks: dict[str, nn.Module]) -> None:
        """Go back to what `save` described, but for the optimiser, which a phase builds."""
        self.history = state.about["history"]
        self._best_weights = state.select("best")
        for kind, network in networks.items():
            network.load_state_dict(state.select(kind))
        print(f"going on after epoch {self.epoch}, the last one finished", flush=True)
