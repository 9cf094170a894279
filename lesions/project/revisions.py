"""Reading a project's files as they were at a revision, wherever the project is in its git repository."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dvc.api import DVCFileSystem
from dvc.repo import Repo
from dvc.scm import NoSCM, RevError, resolve_rev

from lesions.errors import InputError, cut_value
from lesions.project.git import try_git
from lesions.project.root import PIPELINE

WORKSPACE = "workspace"
"""DVC's name for the files as they are now."""


@contextmanager
def open_project() -> Iterator[Repo]:
    """Yield the project in the current folder; its paths and those in the current folder are the same.

    Raises
    ------
    InputError
        If the current folder is not the project's root, or if the project is in no git repository.
    NotDvcRepoError
        If there is no project.
    """
    with Repo() as repo:
        if Path(repo.root_dir) != Path.cwd().resolve():
            raise InputError(
                f"{PIPELINE} is not in {repo.root_dir}, where the folder .dvc is; lesions needs both in one folder: "
                f"`dvc init --subdir` beside {PIPELINE} makes another .dvc"
            )
        if isinstance(repo.scm, NoSCM):
            raise InputError(
                f"{repo.root_dir} is in no git repository that DVC uses; revisions and experiments need one: "
                "`git init`, and `dvc config --unset core.no_scm` if that is set"
            )
        yield repo


def resolve_revision(repo: Repo, revision: str) -> str:
    """Return the hash of the commit that a branch, a tag, a commit or an experiment names.

    Raises
    ------
    InputError
        If there is no such revision, or if it is a file or a folder of one.
    """
    try:
        commit = str(resolve_rev(repo.scm, revision))
    except (RevError, ValueError) as error:  # ValueError: longer than a name may be, or no text
        raise InputError(_describe_missing_revision(cut_value(revision))) from error
    kind = _ask_git("cat-file", "-t", commit)
    if kind != "commit":
        raise InputError(f"{cut_value(revision)} is a {kind or 'thing'} of git, not a commit")
    return commit


def is_commit_here(commit: str) -> bool:
    """Return whether this repository has the commit of a hash."""
    return _ask_git("cat-file", "-t", commit) == "commit"


def find_last_tag(pattern: str) -> str:
    """Return the tag nearest to the current commit, among its ancestors and itself, that matches a pattern.

    Parameters
    ----------
    pattern
        The name of a tag, or a pattern such as `v*`.

    Raises
    ------
    InputError
        If no such tag is there.
    """
    tag = _ask_git("describe", "--tags", "--abbrev=0", f"--match={pattern}")
    if not tag:
        where = "this shallow clone" if is_shallow() else "this repository"
        fetch = "git fetch --unshallow --tags" if is_shallow() else "git fetch --tags"
        raise InputError(
            f"no tag that matches {cut_value(pattern)} is on the current commit or before it in {where}; `{fetch}` "
            "may fetch it (in GitHub Actions: fetch-depth: 0 of actions/checkout)"
        )
    return tag


def describe_commit() -> str:
    """Return the current commit in words, and whether the files differ from it."""
    commit = _ask_git("rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return "before any commit"
    changed = _ask_git("status", "--porcelain", "--untracked-files=no")
    return f"commit {commit}{' with uncommitted changes' if changed else ''}"


def find_commit_with(file: Path) -> str | None:
    """Return the current commit if it has a file as it is in the workspace, else None."""
    committed = _ask_git("rev-parse", "--verify", "--quiet", f"HEAD:./{file.as_posix()}")
    is_same = committed and committed == _ask_git("hash-object", "--", str(file))
    return _ask_git("rev-parse", "HEAD") if is_same else None


@contextmanager
def open_revision(repo: Repo, revision: str) -> Iterator[DVCFileSystem]:
    """Yield the project's files at a revision, those of git and of DVC; the project's folder is `/`.

    Until the context is left, `repo` has the stages of that revision, with what its `dvc.lock` records.

    Parameters
    ----------
    repo
        The project; git's root may be above its folder.
    revision
        The hash of a commit, or `workspace`.
    """
    with repo.switch(revision):
        yield DVCFileSystem(repo=repo)


def _describe_missing_revision(revision: str) -> str:
    if is_shallow():
        return (
            f"there is no revision {revision} in this shallow clone; fetch the history with `git fetch --unshallow` "
            "(in GitHub Actions: fetch-depth: 0 of actions/checkout)"
        )
    return f"there is no revision {revision} in this repository; `git fetch` may fetch it"


def is_shallow() -> bool:
    """Return whether the repository is a shallow clone, which knows only its last commits."""
    return _ask_git("rev-parse", "--is-shallow-repository") == "true"


def _ask_git(*arguments: str) -> str:
    """Return the line that a command of git prints; empty if it fails."""
    return (try_git(*arguments) or b"").decode("utf-8", "replace").strip()
