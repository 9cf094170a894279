"""The epochs of a training that runs in another process, read from its training state as it is written.

After each epoch the state is replaced as a whole (`lesions.training.resume`), with all epochs so far in its header.
Reading a header needs no torch.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEY = "resume"
"""The key in the header under which a training writes its history."""

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
    """Return the entries of the epochs in the newest state in a folder, and when it was written."""
    states = sorted(folder.glob("*.safetensors"), key=_read_time)
    try:
        with states[-1].open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(LENGTH_BYTES), "little")))
            return json.loads(header["__metadata__"][KEY])["state"]["history"], _read_time(states[-1])
    except (IndexError, FileNotFoundError):  # removed when the training ended
        return [], 0.0


def _read_time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
