"""The history of a training: the finished epochs, and the weights of the best one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn, optim

from lesions.training.resume import TrainingState, pack_optimizer


@dataclass(frozen=True)
class FittedNetwork:
    """The result of training.

    Attributes
    ----------
    weights
        The weights of the best epoch, on the CPU.
    best_epoch
        Counted from 1.
    history
        One entry per epoch: epoch, phase, learning_rates (by layer group, at the first step), and the scores train
        and val.
    """

    weights: dict[str, Tensor]
    best_epoch: int
    history: list[dict[str, Any]]


class History:
    """The finished epochs of a training, and the weights of the best one.

    Attributes
    ----------
    entries
        One per finished epoch, as in `FittedNetwork.history`.
    """

    def __init__(self, monitored_score: str) -> None:
        self._monitored_score = monitored_score
        self._best_weights: dict[str, Tensor] = {}
        self.entries: list[dict[str, Any]] = []

    @property
    def num_epochs(self) -> int:
        """Number of finished epochs."""
        return len(self.entries)

    @property
    def best_epoch(self) -> int:
        """The epoch with the best validation score, or the first of several; 0 before the first epoch."""
        return int(np.argmax(self.qualities)) + 1 if self.entries else 0

    @property
    def qualities(self) -> list[float]:
        """The monitored metric after each epoch, negated if lower is better."""
        sign = -1 if self._monitored_score == "loss" else 1
        return [sign * entry["val"][self._monitored_score] for entry in self.entries]

    @property
    def outcome(self) -> FittedNetwork:
        """The result of the epochs so far."""
        return FittedNetwork(self._best_weights, self.best_epoch, self.entries)

    def add(self, entry: dict[str, Any], network: nn.Module) -> None:
        """Add a finished epoch; keep the weights of its validated network if it is the best."""
        self.entries.append(entry)
        if self.best_epoch == self.num_epochs:
            self._best_weights = {name: tensor.cpu().clone() for name, tensor in network.state_dict().items()}

    def save(self, networks: dict[str, nn.Module], optimizer: optim.Optimizer) -> TrainingState:
        """Return everything that is needed to resume from here."""
        tensors = {f"best.{name}": tensor for name, tensor in self._best_weights.items()}
        for kind, network in networks.items():
            tensors |= {f"{kind}.{name}": tensor for name, tensor in network.state_dict().items()}
        return TrainingState(tensors | pack_optimizer(optimizer), {"history": self.entries})

    def check(self, state: TrainingState, networks: dict[str, nn.Module], num_epochs: int) -> None:
        """Raise KeyError, TypeError or ValueError if `restore` cannot use a state, or if it is past `num_epochs`."""
        entries = state.about["history"]
        if not 1 <= len(entries) <= num_epochs:
            raise ValueError(f"it has {len(entries)} epochs, expected 1 to {num_epochs}")
        for epoch, entry in enumerate(entries, start=1):
            found, monitored = entry["epoch"], entry["val"][self._monitored_score]
            if found != epoch or not isinstance(monitored, float):
                raise ValueError(f"in place of epoch {epoch} it has epoch {found!r} with the metric {monitored!r}")
        for kind in ("best", *networks):
            state.check_weights(kind, networks.get(kind, networks["network"]))

    def restore(self, state: TrainingState, networks: dict[str, nn.Module]) -> None:
        """Restore what `save` returned, except the optimiser's state, which the phase restores."""
        self.entries = state.about["history"]
        self._best_weights = state.select("best")
        for kind, network in networks.items():
            network.load_state_dict(state.select(kind))
        print(f"resuming after epoch {self.num_epochs}, the last finished epoch", flush=True)


def list_history(fitted: FittedNetwork) -> list[dict[str, Any]]:
    """Return one row per epoch and split, all with the same keys, as `dvc plots` needs them."""
    layers = {name: None for entry in fitted.history for name in entry["learning_rates"]}
    rows = []
    for entry in fitted.history:
        # Frozen layers have a learning rate of 0.
        rates = {f"learning_rate_{name}": entry["learning_rates"].get(name, 0.0) for name in layers}
        norm = entry["train"]["gradient_norm"]
        about = {"epoch": entry["epoch"], "phase": entry["phase"], "gradient_norm": norm} | rates
        rows += [about | {"split": split, **entry[split]} for split in ("train", "val")]
    return rows
