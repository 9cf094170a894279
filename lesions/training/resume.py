"""Training state on disk, so that a run that was killed goes on from its last finished epoch."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from torch import Tensor, optim

from lesions.errors import InputError
from lesions.networks.tensor_file import read_tensor_file, write_tensor_file

METADATA_KEY = "resume"

MAX_STATES = 4
"""States that are kept; when there are more, the oldest goes whose run is not under way."""


def find_resume_folder() -> Path:
    """Return where states are kept: outside an experiment's temporary folder, which DVC removes when it is killed."""
    named = os.environ.get("LESIONS_RESUME_DIR")
    # DVC sets DVC_ROOT to the repository, also where an experiment runs in a copy of it.
    return Path(named) if named else Path(os.environ.get("DVC_ROOT", ".")) / ".resume"


def fingerprint(**ingredients: Any) -> str:
    """Return a hash of all that decides what is trained: data, code, parameters, versions, hardware."""
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class TrainingState:
    """What has to be known to go on after an epoch."""

    tensors: dict[str, Tensor]
    about: dict[str, Any]

    def select(self, kind: str) -> dict[str, Tensor]:
        """Return the tensors whose names begin with `kind` and a dot, without these."""
        return {
            name.removeprefix(f"{kind}."): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(f"{kind}.")
        }


class ResumeFile:
    """The state of one run, while this process alone holds it."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path = path
        self._fingerprint = fingerprint

    def read(self) -> TrainingState | None:
        """Return the state, or None where there is none; of one that is torn or of another run it is said so."""
        if not self.path.exists():
            return None
        try:
            tensors, text = read_tensor_file(self.path, key=METADATA_KEY)
            about = json.loads(text)
            if about["fingerprint"] != self._fingerprint:
                raise ValueError("it is of another run")
            if about["sha256"] != _hash_tensors(tensors):
                raise ValueError("its bytes have changed")
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            print(f"{self.path} cannot be used ({error}); training starts anew", flush=True)
            return None
        return TrainingState(tensors, about["state"])

    def write(self, state: TrainingState) -> None:
        """Put a state in the place of the one before."""
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors.items()}
        about = {"fingerprint": self._fingerprint, "sha256": _hash_tensors(tensors), "state": state.about}
        write_tensor_file(self.path, tensors, key=METADATA_KEY, text=json.dumps(about, sort_keys=True))

    def remove(self) -> None:
        """Remove the state of a run that is finished."""
        self.path.unlink(missing_ok=True)


@contextmanager
def hold_resume_file(folder: Path, fingerprint: str) -> Iterator[ResumeFile]:
    """Hold the state of a run; a second process that would train the same fails by name.

    Raises
    ------
    InputError
        If another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{fingerprint[:16]}.safetensors"
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise InputError(
            f"another process, which holds {path.with_suffix('.lock')}, is training the same network from the same "
            "data; wait until it is done, or stop it, and run again"
        ) from error
    try:
        remove_oldest(folder, keep=path)
        yield ResumeFile(path, fingerprint)
    finally:
        lock.release()


def remove_oldest(folder: Path, *, keep: Path) -> None:
    """Remove the states that have not been written to for the longest, so that at most `MAX_STATES` stay.

    The state of a run that is under way stays too, however many there are.
    """
    states = sorted(folder.glob("*.safetensors"), key=lambda path: (path != keep, -path.stat().st_mtime))
    for path in states[MAX_STATES:]:
        with suppress(Timeout), FileLock(path.with_suffix(".lock"), blocking=False):
            path.unlink()


def pack_optimizer(optimizer: optim.Optimizer) -> dict[str, Tensor]:
    """Return the tensors of an optimiser's state, by parameter and name."""
    state = optimizer.state_dict()["state"]
    return {f"optimizer.{index}.{key}": value for index, values in state.items() for key, value in values.items()}


def unpack_optimizer(optimizer: optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `pack_optimizer` returned."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    for parameter, values in optimizer.state.items():
        for key, value in values.items():
            if value.shape == parameter.shape:
                # The fused step walks through memory: a moment has to lie there as its parameter does.
                values[key] = torch.empty_like(parameter).copy_(value)


def _hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """Return the sha256 of tensors on the CPU, each contiguous."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
