"""Read the metrics of the workspace and of revisions through DVC."""

from dataclasses import dataclass

from dvc.exceptions import DvcException
from dvc.repo import Repo

from lesions.errors import InputError, cut_value, quote_value
from lesions.gate.metrics import RevisionMetrics, read_metrics
from lesions.project.revisions import WORKSPACE, find_last_tag, open_project, open_revision, resolve_revision


@dataclass(frozen=True)
class Revisions:
    """The metrics to judge, and those to judge them by.

    Attributes
    ----------
    names
        The base, and the release if there is one, in words.
    base, now, release
        The metrics of the base, of the workspace, and of the last release; `release` is None if no rule asks for it.
    """

    names: str
    base: RevisionMetrics
    now: RevisionMetrics
    release: RevisionMetrics | None


def read_revisions(base: str, release: str | None = None) -> Revisions:
    """Read the metrics of a revision, of the workspace, and of the last release.

    Parameters
    ----------
    base
        A branch, a tag, a commit or an experiment.
    release
        Pattern of the releases' tags. None: there is no release to compare with.

    Raises
    ------
    InputError
        If there is no such revision or release, or if the models of any of them cannot be read.
    """
    if not base.strip():
        raise InputError(f"--base is {quote_value(base)}: it must name a revision; perhaps a variable is not set")
    try:
        with open_project() as repo:
            commit, before = _read_revision(repo, base, "the base")
            names, released = f"{cut_value(base)} ({commit[:10]})", None
            if release is not None:
                tag = find_last_tag(release)
                commit, released = _read_revision(repo, f"refs/tags/{tag}", f"the release {cut_value(tag)}")
                names += f" and the release {cut_value(tag)} ({commit[:10]})"
            with open_revision(repo, WORKSPACE) as files:
                now = read_metrics(files, "the workspace")
    except DvcException as error:
        raise InputError(f"DVC cannot read the metrics: {error}") from error
    return Revisions(names, before, now, released)


def _read_revision(repo: Repo, revision: str, name: str) -> tuple[str, RevisionMetrics]:
    """Return the hash of the commit that a revision names, and its metrics under a name for messages."""
    commit = resolve_revision(repo, revision)
    with open_revision(repo, commit) as files:
        return commit, read_metrics(files, name)
