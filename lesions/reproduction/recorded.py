"""What a run left: what each stage read and wrote, from `dvc.lock`, and its scores."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from lesions.errors import InputError
from lesions.formats.json_file import read_json
from lesions.tables.paths import ModelPaths

LOCK = Path("dvc.lock")
MACHINE = ModelPaths("").metrics_file("machine").name
"""The file of what a network was trained on, which decides no verdict."""

PAGE = "report/index.html"


@dataclass(frozen=True)
class StageRecord:
    """One stage of a run.

    Attributes
    ----------
    made_from
        Its command, its parameters, and the hash of all that it read and no stage wrote, by their names.
    reads, writes
        The hash of each file or folder that it read and wrote, by its path.
    """

    made_from: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, str] = field(default_factory=dict)
    writes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes
    ----------
    stages
        By their names.
    metrics
        The content of each metrics file that a stage wrote, by its path.
    page
        The report; None if it is not there.
    """

    stages: Mapping[str, StageRecord]
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    page: str | None = None

    @property
    def machines(self) -> dict[str, Mapping[str, Any]]:
        """What each model was trained on, by its name."""
        files = {PurePosixPath(path): content for path, content in self.metrics.items()}
        of_models = {path.parent.name: content for path, content in sorted(files.items()) if path.name == MACHINE}
        return {model: content["machine"][0] for model, content in of_models.items() if content.get("machine")}


def read_run(root: Path, names: Collection[str]) -> RunRecord:
    """Read what the last run left in a project's folder.

    Parameters
    ----------
    root
        The folder.
    names
        The stages to read; `dvc.lock` keeps those of models that are no longer listed.

    Raises
    ------
    InputError
        If there is no `dvc.lock`, or if it or a metrics file is not what a run writes.
    """
    stages = {name: stage for name, stage in read_lock(root / LOCK).items() if name in names}
    written = [path for stage in stages.values() for path in stage.writes]
    metrics = {path: _read_metrics(root / path) for path in written if _holds_metrics(path)}
    page = root / PAGE
    return RunRecord(stages, metrics, page.read_text(encoding="utf-8") if page.is_file() else None)


def list_unwritten(stages: Mapping[str, StageRecord]) -> set[str]:
    """Return the paths that stages read and no stage writes: raw data, code and parameter files."""
    written = [path for stage in stages.values() for path in stage.writes]
    return {path for stage in stages.values() for path in stage.reads if not _is_among(path, written)}


def link_stages(stages: Mapping[str, StageRecord]) -> dict[str, set[str]]:
    """Return the stages that wrote what each stage read, every stage after those; raise InputError on a circle."""
    graph = {
        name: {
            other
            for other, writer in sorted(stages.items())
            if other != name and any(_overlap(path, out) for path in stage.reads for out in writer.writes)
        }
        for name, stage in sorted(stages.items())
    }
    try:
        return {name: graph[name] for name in TopologicalSorter(graph).static_order()}
    except CycleError as error:
        raise InputError(f"{LOCK}: stages read each other's results in a circle: {error.args[1]}") from error


def read_lock(path: Path) -> dict[str, StageRecord]:
    """Read all stages of a `dvc.lock`; raise InputError if DVC did not write it."""
    if not path.is_file():
        raise InputError(f"there is no {LOCK}, which says what a run made; `dvc repro` writes it, to be committed")
    try:
        entries: Mapping[str, Any] = YAML(typ="safe", pure=True).load(path)["stages"]
        outputs = [out["path"] for entry in entries.values() for out in entry.get("outs", ())]
        return {name: _read_stage(entry, outputs) for name, entry in entries.items()}
    except (YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{LOCK}: is not what DVC writes ({type(error).__name__})") from error


def _read_stage(entry: Mapping[str, Any], outputs: list[str]) -> StageRecord:
    reads = {dep["path"]: str(dep.get("md5")) for dep in entry.get("deps", ())}
    writes = {out["path"]: str(out.get("md5")) for out in entry.get("outs", ())}
    parameters = {
        f"{file}: {name}": value for file, values in entry.get("params", {}).items() for name, value in values.items()
    }
    unwritten = {path: md5 for path, md5 in reads.items() if not _is_among(path, outputs)}
    return StageRecord({"the command": entry["cmd"]} | parameters | unwritten, reads, writes)


def _read_metrics(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise InputError(f"{LOCK} names {path.name} of {path.parent.name}, and git does not have it: commit metrics/")
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path.parent.name}/{path.name}: expected names with values, got {content!r:.80}")
    return content


def _holds_metrics(path: str) -> bool:
    return path.startswith("metrics/") and path.endswith(".json")


def _is_among(path: str, outputs: list[str]) -> bool:
    return any(_overlap(path, out) for out in outputs)


def _overlap(path: str, other: str) -> bool:
    """Return whether one of two paths is in the other, or is the other."""
    return PurePosixPath(path).is_relative_to(other) or PurePosixPath(other).is_relative_to(path)


def iterate_figures(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the figures and texts of a metrics file by their names; lists are tables of images and no scores."""
    for name, value in content.items():
        if isinstance(value, dict):
            yield from iterate_figures(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            yield f"{prefix}{name}", value
