"""`.tracking/<training>.jsonl`: what of a training is to be sent, and `.tracking/<training>.json`: where it went."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lesions.formats.atomic import write_text

Status = Literal["FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True, kw_only=True)
class Training:
    """A training that is to be tracked.

    Attributes
    ----------
    model
        The model's name.
    key
        A hash of everything that decides the weights.
    settings
        The recipe, the hardware, and what else is to be listed as parameters, as nested dictionaries.
    history
        The file into which the training writes its epochs at its end; its hash is how a commit finds the run.
    """

    model: str
    key: str
    settings: Mapping[str, Any]
    history: Path


class Line(BaseModel):
    """A line of a spool, with the time at which it was written, in milliseconds since 1970."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    time_ms: int = Field(default_factory=lambda: time.time_ns() // 1_000_000)


class Start(Line):
    """The first line: which training this is, and where its run is to be."""

    line: Literal["start"] = "start"
    id: str = Field(default_factory=lambda: uuid4().hex[:12])
    model: str
    key: str
    uri: str
    experiment: str
    parameters: dict[str, str]
    tags: dict[str, str]


class Epoch(Line):
    """The figures of one epoch."""

    line: Literal["epoch"] = "epoch"
    number: int
    metrics: dict[str, float]


class End(Line):
    """How a training ended; one that was killed or failed may go on later."""

    line: Literal["end"] = "end"
    status: Status
    history_sha256: str | None = None


_READER: TypeAdapter[Start | Epoch | End] = TypeAdapter(Annotated[Start | Epoch | End, Field(discriminator="line")])


@dataclass(frozen=True)
class Spooled:
    """What a spool holds.

    Attributes
    ----------
    start
        Its first line.
    epochs
        Each epoch once, in the order in which they were written.
    end
        How the training ended; None while it runs, or if nobody could write how it ended.
    num_bytes
        The bytes of the lines that are complete.
    """

    start: Start
    epochs: tuple[Epoch, ...]
    end: End | None = None
    num_bytes: int = 0

    @property
    def is_finished(self) -> bool:
        """Whether no line can follow."""
        return self.end is not None and self.end.status == "FINISHED"


class Record(BaseModel):
    """Where a training went: the file from which its run is found.

    Attributes
    ----------
    spool
        The id of the spool.
    model, key, uri, experiment
        As in the spool.
    experiment_id, run_id
        What MLflow calls them.
    sent_bytes
        The bytes of the spool that MLflow has.
    history_sha256
        The hash of the training's history, once it is finished.
    """

    spool: str
    model: str
    key: str
    uri: str
    experiment: str
    experiment_id: str
    run_id: str
    sent_bytes: int = 0
    history_sha256: str | None = None


@dataclass
class SpoolFile:
    """A spool that a training writes; no failure to write it stops the training.

    Attributes
    ----------
    path
        The file.
    known
        The numbers of the epochs that it holds.
    """

    path: Path
    known: set[int] = field(default_factory=set)
    _unwritten: list[str] = field(default_factory=list)

    def append(self, line: Line) -> None:
        """Append a line, after those that could not be written before.

        Raises
        ------
        OSError
            If the disk does not take them; the next call tries again.
        """
        self._unwritten.append(line.model_dump_json())
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            # A line that was cut off must not spoil the next one.
            file.write("".join(f"\n{each}\n" for each in self._unwritten))
        self._unwritten.clear()


def open_spool_file(folder: Path, start: Start) -> SpoolFile:
    """Return the spool of a training: that of the same training if it was stopped, else a new one."""
    for path in sorted(folder.glob(f"{start.model}-{start.key[:16]}-*.jsonl")):
        spooled = read_spool(path)
        if spooled and not spooled.is_finished and _has_same_place(spooled.start, start):
            return SpoolFile(path, {epoch.number for epoch in spooled.epochs})
    folder.mkdir(parents=True, exist_ok=True)
    spool = SpoolFile(folder / f"{start.model}-{start.key[:16]}-{start.id}.jsonl")
    spool.append(start)
    return spool


def read_spool(path: Path) -> Spooled | None:
    """Read the complete lines of a spool; None if it has no first line, or is gone."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    complete = content[: content.rfind(b"\n") + 1]
    start: Start | None = None
    end: End | None = None
    epochs: dict[int, Epoch] = {}
    for text in complete.splitlines():
        line = _read_line(text)
        start = line if isinstance(line, Start) else start
        if isinstance(line, Epoch):
            epochs.setdefault(line.number, line)
        if line is not None:
            end = line if isinstance(line, End) else None
    return Spooled(start, tuple(epochs.values()), end, len(complete)) if start else None


def read_record(spool: Path) -> Record | None:
    """Read where a training went; None if it went nowhere yet."""
    try:
        return Record.model_validate_json(spool.with_suffix(".json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_record(spool: Path, record: Record) -> None:
    """Write where a training went."""
    write_text(spool.with_suffix(".json"), record.model_dump_json(indent=1) + "\n")


def is_sent(spool: Path) -> bool:
    """Return whether MLflow has all that a spool held."""
    try:
        spooled, record = read_spool(spool), read_record(spool)
    except OSError:
        return False
    return record is not None and (spooled is None or record.sent_bytes == spooled.num_bytes)


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested settings by their dotted names, lists of values as JSON."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
            value = {str(place): item for place, item in enumerate(value)}
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value if isinstance(value, str) else json.dumps(value)
    return flat


def _read_line(text: bytes) -> Start | Epoch | End | None:
    try:
        return _READER.validate_json(text)
    except ValidationError:
        return None


def _has_same_place(one: Start, other: Start) -> bool:
    return (one.key, one.uri, one.experiment) == (other.key, other.uri, other.experiment)
