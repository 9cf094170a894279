"""The metrics of the workspace and of a revision, as DVC reads them."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from dvc.repo import Repo

from lesions.errors import InputError


@dataclass(frozen=True)
class RevisionMetrics:
    """What one revision's metrics say of its models on its test images.

    Attributes
    ----------
    models
        For each model the metrics of `metrics/<model>/test.json`.
    test_images_sha256
        Which test images they are of; None where the revision does not say.
    """

    models: Mapping[str, Mapping[str, Any]]
    test_images_sha256: str | None


def resolve_revision(revision: str) -> str:
    """Return the hash of a revision's commit.

    Raises
    ------
    InputError
        If there is no such revision here; in a shallow clone it says what to fetch.
    """
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found is not None:
        return found
    shallow = _git("rev-parse", "--is-shallow-repository")
    if shallow is None:
        raise InputError("this is not a git repository, so there is no revision to compare with")
    if shallow == "true":
        raise InputError(
            f"there is no revision {revision} in this shallow clone; fetch the history with `git fetch --unshallow` "
            "(in GitHub Actions: fetch-depth: 0 of actions/checkout)"
        )
    raise InputError(f"there is no revision {revision} here; `git fetch` may bring it")


def read_revisions(base: str) -> tuple[RevisionMetrics, RevisionMetrics]:
    """Read the metrics of a revision and of the workspace.

    Raises
    ------
    InputError
        If DVC cannot read one of them.
    """
    with Repo() as repo:
        shown = repo.metrics.show(revs=[base], hide_workspace=False)
    return _parse(shown[base], base), _parse(shown["workspace"], "the workspace")


def _parse(result: Mapping[str, Any], revision: str) -> RevisionMetrics:
    if "error" in result:
        raise InputError(f"the metrics of {revision} cannot be read: {result['error']}")
    files = {PurePath(name): found["data"] for name, found in result["data"].items() if "data" in found}
    split = files.get(PurePath("metrics/split.json"), {})
    return RevisionMetrics(
        models={path.parts[1]: found for path, found in files.items() if path.match("metrics/*/test.json")},
        test_images_sha256=split.get("test_images_sha256"),
    )


def _git(*arguments: str) -> str | None:
    """Return what git printed, or None where it failed."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
