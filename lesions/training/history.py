"""The epochs of a training so far, and the best of them."""

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
        One entry per epoch: epoch, phase, learning_rates (of each layer that has its own, at the first step), and the
        scores train and val.
    """

    weights: dict[str, Tensor]
    best_epoch: int
    history: list[dict[str, Any]]


class History:
    """The epochs of a training so far, and the weights of the best.

    Attributes
    ----------
    entries
        One for each finished epoch, as in `FittedNetwork.history`.
    """

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._best_weights: dict[str, Tensor] = {}
        self.entries: list[dict[str, Any]] = []

    @property
    def num_epochs(self) -> int:
        """The number of finished epochs."""
        return len(self.entries)

    @property
    def best_epoch(self) -> int:
        """The first of the epochs that validated best; 0 before the first epoch."""
        return int(np.argmax(self.qualities)) + 1 if self.entries else 0

    @property
    def qualities(self) -> list[float]:
        """The monitored metric after each epoch, negated where less is better."""
        sign = -1 if self._monitor == "loss" else 1
        return [sign * entry["val"][self._monitor] for entry in self.entries]

    @property
    def outcome(self) -> FittedNetwork:
        """The outcome of the epochs so far."""
        return FittedNetwork(self._best_weights, self.best_epoch, self.entries)

    def add(self, entry: dict[str, Any], network: nn.Module) -> None:
        """Add a finished epoch, and the network that was validated after it."""
        self.entries.append(entry)
        if self.best_epoch == self.num_epochs:
            self._best_weights = {name: tensor.cpu().clone() for name, tensor in network.state_dict().items()}

    def save(self, networks: dict[str, nn.Module], optimizer: optim.Optimizer) -> TrainingState:
        """Return all that is needed to go on from here."""
        tensors = {f"best.{name}": tensor for name, tensor in self._best_weights.items()}
        for kind, network in networks.items():
            tensors |= {f"{kind}.{name}": tensor for name, tensor in network.state_dict().items()}
        return TrainingState(tensors | pack_optimizer(optimizer), {"history": self.entries})

    def restore(self, state: TrainingState, networks: dict[str, nn.Module]) -> None:
        """Restore what `save` returned, except the optimiser's state, which belongs to the phase."""
        self.entries = state.about["history"]
        self._best_weights = state.select("best")
        for kind, network in networks.items():
            network.load_state_dict(state.select(kind))
        print(f"going on after epoch {self.num_epochs}, the last one finished", flush=True)
