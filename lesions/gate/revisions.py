"""Read the metrics of the workspace and of a revision through DVC."""

import subprocess

from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.scm import RevError, resolve_rev

from lesions.errors import InputError
from lesions.gate.metrics import RevisionMetrics, read_metrics


def read_revisions(base: str) -> tuple[str, RevisionMetrics, RevisionMetrics]:
    """Read the metrics of a revision and of the workspace.

    Parameters
    ----------
    base
        A branch, a tag, a commit or an experiment.

    Returns
    -------
    commit
        The hash of the commit that `base` names.
    before, now
        The metrics of `base` and of the workspace.

    Raises
    ------
    InputError
        If there is no such revision, or if the models of either cannot be read.
    """
    try:
        with Repo() as repo:
            commit = _resolve(repo, base)
            before, now = (
                read_metrics(DVCFileSystem(repo.root_dir, rev=rev), name)
                for name, rev in (("the base", commit), ("the workspace", None))
            )
    except DvcException as error:
        raise InputError(f"DVC cannot read the metrics: {error}") from error
    return commit, before, now


def _resolve(repo: Repo, base: str) -> str:
    """Return the hash of the commit that a revision names."""
    if not base.strip():
        raise InputError(f"--base is {base[:80]!r}: it must name a revision; perhaps a variable is not set")
    try:
        commit = str(resolve_rev(repo.scm, base))
    except (RevError, ValueError) as error:  # ValueError: longer than a name may be, or no text
        raise InputError(_describe_missing_revision(base[:80])) from error
    kind = _ask_git("cat-file", "-t", commit)
    if kind != "commit":
        raise InputError(f"--base {base[:80]} is a {kind or 'thing'} of git, not a commit")
    return commit


def _describe_missing_revision(revision: str) -> str:
    if _ask_git("rev-parse", "--is-shallow-repository") == "true":
        return (
            f"there is no revision {revision} in this shallow clone; fetch the history with `git fetch --unshallow` "
            "(in GitHub Actions: fetch-depth: 0 of actions/checkout)"
        )
    return f"there is no revision {revision} in this repository; `git fetch` may fetch it"


def _ask_git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()
