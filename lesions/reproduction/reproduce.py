"""Running a revision anew, and judging what comes out beside what it recorded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import PipelineStage

from lesions.errors import InputError, cut_value
from lesions.experiments.differences import name_some
from lesions.project.revisions import describe_commit, open_project, resolve_revision
from lesions.reproduction.clone import Project, fetch_inputs, open_clone, run_anew
from lesions.reproduction.judgement import Judgement, judge_run
from lesions.reproduction.recorded import LOCK, PAGE, RunRecord, read_lock, read_run
from lesions.stage.imports import normalise_name, read_versions

Machine = Mapping[str, Any]
"""The content of `metrics/<model>/machine.json`."""


@dataclass(frozen=True)
class Reproduction:
    """A revision, and what became of it here.

    Attributes
    ----------
    revision
        The revision in words.
    judgement
        All stages.
    recorded_on, run_on
        What each model was trained on, by its name: then, and here.
    """

    revision: str
    judgement: Judgement
    recorded_on: Mapping[str, Machine]
    run_on: Mapping[str, Machine]


def reproduce_revision(revision: str) -> Reproduction:
    """Run the pipeline of a revision in a clone of its own, and judge each stage.

    Raises
    ------
    InputError
        If there is no such revision, or if it has no complete record of a run.
    """
    try:
        with open_project() as repo:
            commit = resolve_revision(repo, revision)
            root = Path(repo.root_dir).resolve()
            project = Project(root, Path(repo.scm.root_dir).resolve(), Path(repo.cache.local_cache_dir))
    except DvcException as error:
        raise InputError(f"DVC cannot read the project: {error}") from error
    notes = [*_note_uncommitted(revision)]
    with open_clone(project, commit) as clone:
        recorded = read_run(clone, names := _list_stages(clone))
        notes += [*_note_other_stages(clone, names), *_note_other_versions(clone / "requirements.lock")]
        fetch_inputs(clone, project, recorded.stages)
        print(f"running {cut_value(revision)} ({commit[:10]}) in {clone}", flush=True)
        status = run_anew(clone)
        now = read_run(clone, names) if (clone / LOCK).is_file() else RunRecord({})
    recorded = replace(recorded, page=_read_cached_page(recorded, project.cache))
    problems = [f"`dvc repro` failed there with the exit code {status}"] if status else []
    judgement = judge_run(recorded, now, problems=problems)
    words = f"{cut_value(revision)} ({commit[:10]})"
    return Reproduction(words, replace(judgement, notes=tuple(notes)), recorded.machines, now.machines)


def _list_stages(clone: Path) -> list[str]:
    """Return the names of the stages that the revision's dvc.yaml and parameters make."""
    try:
        with Repo(str(clone)) as repo:
            return [str(stage.name) for stage in repo.index.stages if isinstance(stage, PipelineStage)]
    except DvcException as error:
        raise InputError(f"DVC cannot read the revision's stages: {error}") from error


def _read_cached_page(recorded: RunRecord, cache: Path) -> str | None:
    """Return the recorded report, if the project's cache has it."""
    md5 = next((stage.writes[PAGE] for stage in recorded.stages.values() if PAGE in stage.writes), "")
    path = cache / "files/md5" / md5[:2] / md5[2:]
    return path.read_text(encoding="utf-8") if md5 and path.is_file() else None


def _note_uncommitted(revision: str) -> Iterator[str]:
    if revision == "HEAD" and describe_commit().endswith("uncommitted changes"):
        yield "the workspace has uncommitted changes, which are not part of HEAD"


def _note_other_stages(clone: Path, names: list[str]) -> Iterator[str]:
    if others := sorted(read_lock(clone / LOCK).keys() - {*names}):
        yield f"{LOCK} also records stages that the revision does not have, which are left out: {name_some(others)}"


def _note_other_versions(lock: Path) -> Iterator[str]:
    """Say which packages are here in other versions than the revision pins: it runs with those that are here."""
    others = []
    for name, pinned in read_versions(lock).items():
        try:
            here = version(name)
        except PackageNotFoundError:
            continue
        if here not in pinned.split(", "):
            others.append(f"{normalise_name(name)} {here} ({pinned})")
    if others:
        yield f"this environment has other versions than requirements.lock of the revision: {name_some(others)}"
