"""Finding which stages the next `dvc repro` will run, and why: code, version, parameter or data."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.repo import Repo
from dvc.stage import PipelineStage

from lesions.errors import InputError
from lesions.experiments.differences import name_some
from lesions.experiments.inputs import CODE, TRACE_STAGE, trace_workspace
from lesions.parameters.differences import list_changed
from lesions.stage.code import Code, read_code, write_code
from lesions.stage.planned import describe_planned, write_planned

MISSING = "outputs missing"
"""The reason of a stage whose outputs are not in the workspace, as in a new clone."""

ABSENT = ("deleted", "not in cache")
"""What DVC says of a file that is not there."""


@dataclass(frozen=True)
class Reruns:
    """What the next `dvc repro` will run.

    Attributes
    ----------
    reasons
        Why each stage that will run does so.
    following
        The stages that may follow, because their inputs may change.
    """

    reasons: dict[str, list[str]]
    following: list[str]

    @property
    def stages(self) -> list[str]:
        """All stages that may run."""
        return [*self.reasons, *self.following]


def plan_reruns(params: Path) -> Reruns | None:
    """Return what the next `dvc repro` will run.

    DVC notices an edit only after `trace_code` has run; this function reads the code as it is now.

    Parameters
    ----------
    params
        The parameter file; if it is not that of the DVC project in the current folder, the result is None.
    """
    try:
        with Repo() as repo:
            if params.resolve() != Path(repo.root_dir, "params.yaml"):
                return None
            reasons = find_reruns(repo)
            return Reruns(reasons, _find_following(repo, reasons))
    except NotDvcRepoError:
        return None
    except DvcException as error:
        raise InputError(f"DVC cannot compare the run with its last one: {error}") from error


def describe_reruns(reruns: Reruns) -> dict[str, str]:
    """Return which stages will run and why, which may follow, and how long they took; note them for the next run."""
    write_planned(reruns.stages)
    if not reruns.reasons:
        return {"will run": "nothing: the last run is up to date"}
    by_reason: dict[str, list[str]] = {}
    for stage, why in reruns.reasons.items():
        by_reason.setdefault(", ".join(why), []).append(stage)
    will_run = "\n".join(f"{', '.join(stages)}: {why}" for why, stages in by_reason.items())
    may_follow = {"may follow": ", ".join(reruns.following)} if reruns.following else {}
    return {"will run": will_run} | may_follow | {"when they last ran here": describe_planned(reruns.stages)}


def find_reruns(repo: Repo) -> dict[str, list[str]]:
    """Return the changes since the last run of each stage that will run, in the order of dvc.yaml."""
    root = Path(repo.root_dir)
    traces = trace_workspace(root)
    status = repo.status()
    outputs = {out.def_path for stage in _list_pipeline(repo) for out in stage.outs}
    reasons = {}
    for stage in _list_pipeline(repo):
        changes = status.get(stage.addressing, [])
        why = [
            *_list_code_changes(repo, stage, traces),
            *_list_other_changes(stage, changes, outputs),
        ]
        if why or _lacks_outputs(changes):
            reasons[stage.addressing] = why or [MISSING]
    return reasons


def _list_pipeline(repo: Repo) -> list[PipelineStage]:
    """Return all stages except `trace_code`, whose result is computed here."""
    stages = [stage for stage in repo.index.stages if isinstance(stage, PipelineStage)]
    return [stage for stage in stages if stage.name != TRACE_STAGE]


def _list_code_changes(repo: Repo, stage: PipelineStage, traces: Mapping[str, Code]) -> Iterator[str]:
    """Yield the changes in the code and packages that a stage reaches since its last run; nothing if it never ran."""
    of_code = next((dep for dep in stage.deps if dep.def_path.startswith(f"{CODE}/")), None)
    if of_code is None:
        return
    trace, known = traces[Path(of_code.def_path).stem], of_code.hash_info.value
    if known is None or known == _hash_code(trace):
        return
    cached = Path(repo.cache.local.oid_to_path(known))
    if not cached.is_file():
        yield "code (which file is unknown, because the last trace is not in DVC's cache)"
        return
    last = read_code(cached)
    if files := sorted(list_changed(last.files, trace.files)):
        yield f"code ({name_some(files)})"
    if packages := sorted(list_changed(last.packages, trace.packages)):
        yield "version ({})".format(
            name_some([f"{name} {last.packages.get(name)} → {trace.packages.get(name)}" for name in packages])
        )


def _list_other_changes(stage: PipelineStage, status: Iterable[Any], all_outputs: Iterable[str]) -> Iterator[str]:
    """Yield the changes in the parameters, inputs and outputs of a stage, from its `dvc status`.

    Parameters
    ----------
    all_outputs
        The outputs of all stages; one that is missing is a reason for the stage that writes it alone.
    """
    changes = [change for change in status if isinstance(change, dict)]
    if any(isinstance(change, str) and "command" in change for change in status):
        yield "command"
    inputs = {name: how for change in changes for name, how in change.get("changed deps", {}).items()}
    outputs = {name: how for change in changes for name, how in change.get("changed outs", {}).items()}
    if any(isinstance(how, dict) for how in inputs.values()):
        yield f"parameter ({name_some(_list_changed_parameters(stage))})"
    data = {name: how for name, how in inputs.items() if not (how in ABSENT and _is_written(name, all_outputs))}
    data |= {name: how for name, how in outputs.items() if how not in ABSENT}
    if named := [
        f"{name} {how}" for name, how in data.items() if isinstance(how, str) and not name.startswith(f"{CODE}/")
    ]:
        yield f"data ({name_some(named)})"


def _lacks_outputs(status: Iterable[Any]) -> bool:
    outputs = [change.get("changed outs", {}) for change in status if isinstance(change, dict)]
    return any(how in ABSENT for changed in outputs for how in changed.values())


def _is_written(name: str, outputs: Iterable[str]) -> bool:
    """Return whether a file or folder is among the outputs of stages, contains one or lies in one."""
    path = PurePosixPath(name)
    return any(path.is_relative_to(out) or PurePosixPath(out).is_relative_to(path) for out in outputs)


def _list_changed_parameters(stage: PipelineStage) -> list[str]:
    """Return the full names of the parameters that have changed since the last run of the stage."""
    changed = []
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):
            changed += list_changed(dep.hash_info.value or {}, dep.read_params())
    return sorted(changed)


def _find_following(repo: Repo, reasons: Mapping[str, object]) -> list[str]:
    """Return the stages without own changes that depend, directly or indirectly, on a stage that will run."""
    graph = repo.index.graph  # its edges lead from a stage to its dependencies
    waiting = [stage for stage in graph if stage.addressing in reasons]
    reached: set[PipelineStage] = set()
    while waiting:
        for stage in graph.predecessors(waiting.pop()):
            if stage not in reached:
                reached.add(stage)
                waiting.append(stage)
    names = {stage.addressing for stage in reached} - set(reasons)
    return [stage.addressing for stage in _list_pipeline(repo) if stage.addressing in names]


def _hash_code(code: Code) -> str:
    """Return the MD5 of the file that `trace_code` would write; DVC identifies the file by it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "code.json")
        write_code(path, code)
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
