"""A clone of a revision in a folder of its own, with its data, in which the pipeline runs anew."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dvc.config import Config

from lesions.errors import InputError
from lesions.experiments.inputs import TRACE_STAGE
from lesions.parameters.section import read_parameters
from lesions.reproduction.recorded import LOCK, StageRecord, list_unwritten

REMOTE = "recorded"
"""What the clone's DVC calls the cache of the project, from which it only reads."""

OF_PROJECT = re.compile(
    r"DVC_.*|GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|COMMON_DIR|PREFIX)|LESIONS_RESUME_DIR"
)
"""Variables that would lead the clone back to the project."""

SECONDS_TO_STOP = 20
"""How long a stage may take to remove what it has not finished."""


@dataclass(frozen=True)
class Project:
    """The project to clone.

    Attributes
    ----------
    root
        Its folder.
    git_root
        The folder of its git repository.
    cache
        The folder of DVC's cache.
    """

    root: Path
    git_root: Path
    cache: Path


@contextmanager
def open_clone(project: Project, commit: str) -> Iterator[Path]:
    """Yield the project's folder in a temporary clone at a commit; the clone shares nothing that it could change.

    It lies as deep in its temporary folder as the repository lies in the file system, so that a relative path that
    leads out of the repository stays in the temporary folder.
    """
    with TemporaryDirectory(prefix="lesions-reproduce-") as temporary:
        clone = Path(temporary, *project.git_root.parts[1:])
        clone.parent.mkdir(parents=True)
        # The commit of an experiment is on no branch, and only a clone that reads the same objects has it.
        _run_git("clone", "--quiet", "--shared", "--no-checkout", str(project.git_root), str(clone))
        _run_git("-C", str(clone), "checkout", "--quiet", "--detach", commit)
        root = clone / project.root.relative_to(project.git_root)
        with Config(str(root / ".dvc")).edit("local") as config:
            config["core"] = {"site_cache_dir": str(Path(temporary, ".state"))}
            config["cache"] = {"dir": str(root / ".dvc/cache")}
            config["remote"] = {REMOTE: {"url": str(project.cache)}}
        yield root


def fetch_inputs(clone: Path, project: Project, stages: Mapping[str, StageRecord]) -> None:
    """Put the raw data into a clone: what DVC tracks from the project's cache, all else as links to the project's.

    Parameters
    ----------
    clone
        The project's folder in the clone.
    stages
        The recorded stages, which say what is read and what is written.
    """
    definitions = _run_git("-C", str(clone), "ls-files", "-z", "--", ":(glob)**/*.dvc").split("\0")
    added = [path for path in definitions if path]
    if added:
        # What the cache does not have is looked for in the workspace.
        _start_dvc(clone, "pull", "--quiet", "--remote", REMOTE, *added)
    written = {clone / path for stage in stages.values() for path in stage.writes}
    written |= {path for definition in added if (path := (clone / definition).with_suffix("")).exists()}
    # What the tracing stage reads is code, and comes from git alone.
    code = stages[TRACE_STAGE].reads.keys() if TRACE_STAGE in stages else ()
    named = {*_list_paths(read_parameters(clone / "params.yaml")), *list_unwritten(stages)}
    for name in sorted(named.difference(code)):
        source, target = (Path(os.path.normpath(root / name)) for root in (project.root, clone))
        leads_too_far = Path(name).parts.count("..") >= len(project.root.parts)
        if not (Path(name).is_absolute() or leads_too_far or clone.is_relative_to(target)):
            _link_missing(source, target, written)


def run_anew(clone: Path) -> int:
    """Run the whole pipeline in a clone as if it had never run, and return DVC's exit code."""
    (clone / LOCK).unlink()  # what is in it afterwards has run
    return _start_dvc(clone, "repro", "--force", "--no-run-cache")


def _list_paths(parameters: object) -> Iterator[str]:
    """Yield the texts in parameters that can be paths of folders and files."""
    if isinstance(parameters, Mapping):
        for value in parameters.values():
            yield from _list_paths(value)
    elif isinstance(parameters, list):
        for value in parameters:
            yield from _list_paths(value)
    elif isinstance(parameters, str) and "/" in parameters and "\0" not in parameters:
        yield parameters


def _link_missing(source: Path, target: Path, written: Collection[Path]) -> None:
    """Link to a file or folder of the project what the clone lacks of it, but for what the pipeline writes itself."""
    if target in written or not os.path.exists(source):  # noqa: PTH110, False for a text too long for a path
        return
    if not target.exists() and not any(path.is_relative_to(target) for path in written):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)
    elif source.is_dir() and not target.is_symlink():
        for child in sorted(source.iterdir()):
            _link_missing(child, target / child.name, written)


def _start_dvc(clone: Path, *arguments: str) -> int:
    """Run DVC in a clone to its end, and stop it with all that it started if this process is stopped."""
    own = str(Path(sys.executable).parent)
    environment = _leave_project()
    environment["PATH"] = os.pathsep.join([own, environment.get("PATH", "")])
    process = subprocess.Popen([sys.executable, "-m", "dvc", *arguments], cwd=clone, env=environment, process_group=0)
    try:
        return process.wait()
    except BaseException:
        _stop_group(process)
        raise


def _stop_group(process: "subprocess.Popen[bytes]") -> None:
    """Stop a process and all that it started, and wait for them, so that their folder can be removed."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        for _ in range(SECONDS_TO_STOP * 10):
            os.killpg(process.pid, 0)
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)


def _leave_project() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not OF_PROJECT.fullmatch(name)}


def _run_git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, env=_leave_project())
    if done.returncode:
        raise InputError(f"git cannot clone the project: {' '.join(done.stderr.split())}")
    return done.stdout
