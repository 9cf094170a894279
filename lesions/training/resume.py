"""The training state on disk, from which a killed run resumes after its last finished epoch."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn, optim

from lesions.hardware.exchange import send_bytes, send_json
from lesions.hardware.processes import Processes
from lesions.networks.tensor_file import read_tensor_file, write_tensor_file
from lesions.stage.resuming import hold_lock, read_time

METADATA_KEY = "resume"

MAX_STATES = 4
"""Number of states to keep; if there are more, the oldest is removed unless its run is in progress."""


def fingerprint(**ingredients: Any) -> str:
    """Return a hash of everything that decides the weights: data, code, parameters, versions, hardware."""
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class TrainingState:
    """Everything that is needed to resume after an epoch."""

    tensors: dict[str, Tensor]
    about: dict[str, Any]

    def select(self, kind: str) -> dict[str, Tensor]:
        """Return the tensors whose names begin with `kind` and a dot, by name without this prefix."""
        return {
            name.removeprefix(f"{kind}."): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(f"{kind}.")
        }

    def check_weights(self, kind: str, network: nn.Module) -> None:
        """Raise ValueError if the weights of a kind do not have the names and shapes of a network's."""
        shapes = {name: tensor.shape for name, tensor in self.select(kind).items()}
        if shapes != {name: tensor.shape for name, tensor in network.state_dict().items()}:
            raise ValueError(f"its weights {kind!r} are not those of this network")


def send_state(processes: Processes, state: TrainingState | None) -> TrainingState | None:
    """Return the state of the first process, or None if it has none."""
    if processes.is_alone:
        return state
    about = send_json(processes, state and [state.about])
    if about is None:
        return None
    tensors = load_tensors(send_bytes(processes, save_tensors(state.tensors) if state else b""))
    return TrainingState(tensors, *about)


class ResumeFile:
    """The state file of one run, locked by this process."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path = path
        self._fingerprint = fingerprint

    def read(self, check: Callable[[TrainingState], None]) -> TrainingState | None:
        """Return the state, or None; print why a state that is damaged or belongs to another run is not used.

        Parameters
        ----------
        check
            Raises KeyError, TypeError or ValueError if a training cannot resume from the state.
        """
        if not self.path.exists():
            return None
        try:
            tensors, text = read_tensor_file(self.path, key=METADATA_KEY)
            about = json.loads(text)
            if about["fingerprint"] != self._fingerprint:
                raise ValueError("it belongs to another run")
            state = TrainingState(tensors, about["state"])
            if about["sha256"] != _hash_state(state):
                raise ValueError("its bytes have changed")
            check(state)
        except KeyError as error:
            problem = f"it has no {error}"
        except (SafetensorError, OSError, TypeError, ValueError, RecursionError) as error:
            problem = " ".join(str(error).split())
        else:
            return state
        print(f"{self.path} cannot be used ({problem}); training starts from the beginning", flush=True)
        return None

    def write(self, state: TrainingState) -> None:
        """Replace the previous state."""
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors.items()}
        written = TrainingState(tensors, state.about)
        about = {"fingerprint": self._fingerprint, "sha256": _hash_state(written), "state": state.about}
        write_tensor_file(self.path, tensors, key=METADATA_KEY, text=json.dumps(about, sort_keys=True))

    def remove(self) -> None:
        """Remove the state once the run is finished."""
        self.path.unlink(missing_ok=True)


@contextmanager
def hold_resume_file(folder: Path, fingerprint: str) -> Iterator[ResumeFile]:
    """Lock the state file of a run, so that no second process trains the same network at the same time.

    If another process holds the lock, this one says so and waits until it ends, however long that takes: two
    experiments of DVC's queue may differ only in what comes after training.
    """
    path = folder / f"{fingerprint[:16]}.safetensors"
    with hold_lock(path.with_suffix(".lock"), doing="training the same network on the same data"):
        remove_oldest(folder, keep=path)
        yield ResumeFile(path, fingerprint)


def remove_oldest(folder: Path, *, keep: Path) -> None:
    """Remove the oldest states, so that at most `MAX_STATES` are left, and what killed runs had begun to write.

    The state `keep` and those of other runs in progress are never removed, even if more are left.
    """
    for path in folder.glob(".*.safetensors.*.tmp"):
        state, _ = path.name.removeprefix(".").split(".", 1)
        with suppress(Timeout), FileLock(folder / f"{state}.lock", blocking=False):
            path.unlink(missing_ok=True)
    states = sorted(folder.glob("*.safetensors"), key=lambda path: (path != keep, -read_time(path)))
    for path in states[MAX_STATES:]:
        with suppress(Timeout), FileLock(path.with_suffix(".lock"), blocking=False):
            path.unlink(missing_ok=True)


def pack_optimizer(optimizer: optim.Optimizer) -> dict[str, Tensor]:
    """Return the tensors of an optimiser's state, by parameter and name."""
    state = optimizer.state_dict()["state"]
    return {f"optimizer.{index}.{key}": value for index, values in state.items() for key, value in values.items()}


def unpack_optimizer(optimizer: optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Restore the state that `pack_optimizer` returned."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    for parameter, values in optimizer.state.items():
        for key, value in values.items():
            if value.shape == parameter.shape:
                # The fused step iterates over raw memory, so a moment needs the memory layout of its parameter.
                values[key] = torch.empty_like(parameter).copy_(value)


def _hash_state(state: TrainingState) -> str:
    """Return the sha256 of a state, whose tensors must be contiguous and on the CPU."""
    digest = hashlib.sha256(json.dumps(state.about, sort_keys=True).encode())
    for name in sorted(state.tensors):
        tensor = state.tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
