"""The epochs of a training that runs in another process, read from its training state as it is written.

After each epoch the state is replaced as a whole (`lesions.training.resume`), with all epochs so far in its header.
Reading a header needs no torch.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lesions.stage.resuming import read_time

KEY = "resume"
"""The key in the header under which a training writes its state."""

HISTORY = "history"
"""The key in the state under which a training keeps its epochs."""

LENGTH_BYTES = 8
"""A safetensors file begins with the length of its header, little-endian."""


@dataclass
class Epochs:
    """The epochs of the training whose state is in a folder, which is looked at again and again.

    Attributes
    ----------
    folder
        Where the training keeps its state (`LESIONS_RESUME_DIR`).
    history
        The entries of the epochs so far, as in `lesions.training.history`.
    """

    folder: Path
    history: list[dict[str, Any]] = field(default_factory=list)
    _seen: list[tuple[int, float]] = field(default_factory=list)

    def look(self) -> list[dict[str, Any]]:
        """Return the entries that are new since the last look."""
        history, written = read_history(self.folder)
        new = history[len(self.history) :]
        if new:
            self.history = history
            self._seen.append((len(history), written))
        return new

    @property
    def seconds(self) -> float | None:
        """The mean time of an epoch, but for the first one; None if fewer than two states were seen."""
        if len(self._seen) < 2:
            return None
        (first, begun), (last, ended) = self._seen[0], self._seen[-1]
        return (ended - begun) / (last - first)


def read_history(folder: Path) -> tuple[list[dict[str, Any]], float]:
    """Return the entries of the epochs in the newest state in a folder, and when it was written.

    The state of a pretraining (`lesions.training.pretraining`) has no such entries.
    """
    for path in sorted(folder.glob("*.safetensors"), key=read_time, reverse=True):
        with suppress(FileNotFoundError):  # removed when the training ended
            with path.open("rb") as file:
                header = json.loads(file.read(int.from_bytes(file.read(LENGTH_BYTES), "little")))
            state = json.loads(header["__metadata__"][KEY])["state"]
            if HISTORY in state:
                return state[HISTORY], read_time(path)
    return [], 0.0
