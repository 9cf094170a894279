"""Where a project stands in git: its folder, its branch, the branch that it is pushed to, and its tags."""

from dataclasses import dataclass

from lesions.errors import InputError
from lesions.project.git import ask_git, run_git
from lesions.registry.tags import FORMAT, Artifact, Tag, parse_reference, parse_tags


@dataclass(frozen=True)
class Upstream:
    """The branch on a remote that the current branch is pushed to."""

    remote: str
    branch: str


def find_artifact(name: str) -> Artifact:
    """Return a model of the project in the current folder.

    Raises
    ------
    InputError
        If GTO could not name it, or the project's folder.
    """
    folder = ask_git("rev-parse", "--show-prefix").rstrip("/")
    return parse_reference(f"{folder}:{name}" if folder else name).artifact


def read_tags() -> list[Tag]:
    """Return all tags of the registry in this repository, the oldest first."""
    return parse_tags(run_git("for-each-ref", f"--format={FORMAT}", "refs/tags").decode("utf-8", "replace"))


def find_head() -> str:
    """Return the hash of the current commit."""
    return ask_git("rev-parse", "--verify", "HEAD^{commit}")


def find_upstream() -> Upstream:
    """Return where the current branch is pushed to; raise InputError if nowhere."""
    branch = ask_git("rev-parse", "--symbolic-full-name", "HEAD")
    if branch == "HEAD":
        raise InputError("no branch is checked out, to which the release could be added: `git switch BRANCH`")
    found = ask_git("for-each-ref", "--format=%(upstream:remotename)%00%(upstream:remoteref)", branch)
    remote, _, remote_branch = found.partition("\0")
    if not remote or not remote_branch:
        name = branch.removeprefix("refs/heads/")
        raise InputError(f"the branch {name} is pushed nowhere: `git push --set-upstream origin {name}`")
    return Upstream(remote, remote_branch)


def list_remote(upstream: Upstream, artifact: Artifact) -> dict[str, str]:
    """Return the hashes of the branch and of a model's tags on a remote, by their full names."""
    patterns = (f"refs/tags/{artifact.prefix}@*", f"refs/tags/{artifact.prefix}#*")
    listed = ask_git("ls-remote", "--refs", "--", upstream.remote, upstream.branch, *patterns)
    return {name: sha for sha, _, name in (line.partition("\t") for line in filter(None, listed.split("\n")))}
