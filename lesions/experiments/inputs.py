"""What decides the predictions of a run: all that the stages up to the predictions read."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dvc.api import DVCFileSystem
from dvc.dependency import Dependency
from dvc.dependency.param import ParamsDependency
from dvc.output import Output
from dvc.repo import Repo
from dvc.stage import PipelineStage
from dvc_data.index import DataIndexDirError

from lesions.errors import InputError
from lesions.networks.parameters import list_own_files
from lesions.parameters.combinations import list_members
from lesions.stage.code import Code
from lesions.stage.imports import read_versions, trace_stages

PREDICTIONS = "data/predictions"
CODE = "data/code"
TRACE_STAGE = "trace_code"


NOT_IN_CACHE = (OSError, DataIndexDirError)
"""What DVC raises on reading a file, or a file in a folder, that neither its cache nor a remote has."""


@dataclass(frozen=True)
class Inputs:
    """All that decides the predictions of a run; two runs with equal inputs have equal predictions.

    Attributes
    ----------
    parameters
        The value of each parameter that a stage reads, by its full name.
    data
        The MD5 of each file or folder that a stage reads and no stage writes, by its path.
    code
        The sha256 of each file of code that a stage reaches, by its path.
    packages
        The locked version of each package that this code imports.
    commands
        The command of each stage in dvc.yaml.
    """

    parameters: dict[str, Any] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)


def hash_inputs(inputs: Inputs, *, but: str) -> str:
    """Return a short hash of all that decides the predictions of a run, leaving out one parameter."""
    about = asdict(inputs)
    about["parameters"].pop(but, None)
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:12]


def trace_workspace(root: Path) -> dict[str, Code]:
    """Return the code that each stage of a project reaches now; raise InputError if it cannot be traced."""
    params = root / "params.yaml"
    versions = read_versions(root / "requirements.lock")
    return trace_stages(root / "stages", versions, list_own_files(params), list_members(params))


def read_current_inputs(repo: Repo) -> Inputs:
    """Return what the next run would read: the workspace as it is, whether or not it has been reproduced.

    Raises
    ------
    InputError
        If data are missing, or the code cannot be traced.
    """
    root = Path(repo.root_dir)
    traces = trace_workspace(root)
    added = {out.fs_path: out.hash_info.value for out in list_added(repo)}

    def read(dep: Dependency, *, written: bool) -> Any:
        if isinstance(dep, ParamsDependency):
            return dep.read_params()
        if written:
            return None  # it follows from the other inputs
        if dep.exists:
            return dep.get_hash().value
        if dep.fs_path in added:
            return added[dep.fs_path]
        raise InputError(f"{dep.def_path}: is missing, and the stages read it; `dvc pull` may fetch it")

    stages = list_stages(repo)
    return _collect(stages, find_outputs(repo), read, [traces[script] for script in _list_scripts(stages)])


def read_recorded_inputs(repo: Repo, files: DVCFileSystem, experiment: str) -> Inputs:
    """Return what the run of an experiment read, as its `dvc.lock` records it.

    Parameters
    ----------
    repo, files
        The project and its files, opened at the experiment's commit.
    experiment
        Its name, for messages.

    Raises
    ------
    InputError
        If the record contradicts itself, because only some of the stages ran after a change, or if a part of it is
        not in DVC's cache.
    """
    data: dict[str, str] = {}

    def read(dep: Dependency, *, written: bool) -> Any:
        recorded = dep.hash_info.value
        if isinstance(dep, ParamsDependency):
            present = dep.read_params()
        elif written:
            present = _read_file(files.info, dep.def_path, experiment).get("md5")
        else:
            present = data.setdefault(dep.def_path, recorded)
        if recorded is None or present != recorded:
            raise InputError(
                f"{experiment} was not run to its end: {dep.stage.name} read another {dep.def_path} than the "
                f"experiment has; `dvc exp remove {experiment}` removes it"
            )
        return recorded

    stages = list_stages(repo)
    for stage in stages:
        if stage.cmd_changed:
            raise InputError(f"{experiment} was not run to its end: {stage.name} ran with another command")
    paths = [f"{CODE}/{script}.json" for script in _list_scripts(stages)]
    codes = [Code(**json.loads(_read_file(files.read_text, path, experiment))) for path in paths]
    return _collect(stages, find_outputs(repo), read, codes)


def list_stages(repo: Repo) -> list[PipelineStage]:
    """Return the stages that write predictions and all that these depend on, but for the one that traces the code."""
    graph = repo.index.graph  # its edges lead from a stage to its dependencies
    waiting = [stage for stage in graph if any(out.def_path.startswith(PREDICTIONS) for out in stage.outs)]
    reached = set()
    while waiting:
        stage = waiting.pop()
        if stage not in reached:
            reached.add(stage)
            waiting += graph.successors(stage)
    pipeline = [stage for stage in reached if isinstance(stage, PipelineStage) and stage.name != TRACE_STAGE]
    return sorted(pipeline, key=lambda stage: str(stage.name))


def list_added(repo: Repo) -> list[Output]:
    """Return the files and folders that `dvc add` or `dvc import` tracks."""
    return [out for stage in repo.index.stages if not isinstance(stage, PipelineStage) for out in stage.outs]


def find_outputs(repo: Repo) -> set[Path]:
    """Return the paths that the stages of dvc.yaml write, without those that `dvc add` tracks."""
    return {
        Path(out.def_path) for stage in repo.index.stages if isinstance(stage, PipelineStage) for out in stage.outs
    }


def is_output(path: str, outputs: Iterable[Path]) -> bool:
    """Return whether a stage writes a path, or a folder that it is in."""
    return any(Path(path).is_relative_to(output) for output in outputs)


def flatten_parameters(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the parameters of all sections by their full names."""
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        flat |= (
            flatten_parameters(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
        )
    return flat


def _collect(
    stages: Iterable[PipelineStage], outputs: set[Path], read: Callable[..., Any], codes: Iterable[Code]
) -> Inputs:
    """Return the inputs of some stages, each read by a function; `codes` are the traces of these stages."""
    inputs = Inputs()
    for stage in stages:
        inputs.commands[stage.name] = str(stage.cmd)
        for dep in stage.deps:
            written = is_output(dep.def_path, outputs)
            value = read(dep, written=written)
            if isinstance(dep, ParamsDependency):
                inputs.parameters.update(flatten_parameters(value))
            elif not written:
                inputs.data[dep.def_path] = value
    for code in codes:
        inputs.code.update(code.files)
        inputs.packages.update(code.packages)
    return inputs


def _list_scripts(stages: Iterable[PipelineStage]) -> list[str]:
    """Return the names of the files in stages/ on whose traces the stages depend."""
    paths = {Path(dep.def_path) for stage in stages for dep in stage.deps}
    return sorted(path.stem for path in paths if path.parent == Path(CODE))


def _read_file(read: Callable[[str], Any], path: str, experiment: str) -> Any:
    """Read a file of an experiment; raise InputError if DVC does not have it."""
    try:
        return read(f"/{path}")
    except NOT_IN_CACHE as error:
        raise InputError(
            f"{path} of {experiment} is not in DVC's cache; `dvc pull` may fetch it, and `dvc exp remove "
            f"{experiment}` removes the experiment"
        ) from error
