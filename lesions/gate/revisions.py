"""The metrics of the workspace and of a revision, as DVC reads them."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.scm import RevError, resolve_rev

from lesions.errors import InputError


@dataclass(frozen=True)
class RevisionMetrics:
    """What one revision's metrics say of its models on its test images.

    Attributes
    ----------
    models
        For each model that the revision's DAG has, the metrics of `metrics/<model>/test.json`; empty where that
        file is missing or broken.
    test_images_sha256
        Which test images they are of; None where the revision does not say.
    """

    models: Mapping[str, Mapping[str, Any]]
    test_images_sha256: str | None


def read_revisions(base: str) -> tuple[str, RevisionMetrics, RevisionMetrics]:
    """Read the metrics of a revision and of the workspace.

    Parameters
    ----------
    base
        A branch, a tag, a commit or an experiment.

    Returns
    -------
    commit
        The hash that `base` stands for.
    before, now

    Raises
    ------
    InputError
        If there is no such revision, or DVC cannot read one of the two.
    """
    try:
        with Repo() as repo:
            commit = resolve_rev(repo.scm, base)
            shown = repo.metrics.show(revs=[commit], hide_workspace=False)
    except RevError as error:
        raise InputError(_say_what_to_fetch(base)) from error
    except DvcException as error:
        raise InputError(f"DVC cannot read the metrics: {error}") from error
    return commit, _parse(shown[commit], base), _parse(shown["workspace"], "the workspace")


def _parse(result: Mapping[str, Any], revision: str) -> RevisionMetrics:
    if "error" in result:
        raise InputError(f"the metrics of {revision} cannot be read: {result['error']}")
    files = {PurePath(name): found.get("data", {}) for name, found in result["data"].items()}
    split = files.get(PurePath("metrics/split.json"), {})
    return RevisionMetrics(
        models={path.parts[1]: found for path, found in files.items() if path.match("metrics/*/test.json")},
        test_images_sha256=split.get("test_images_sha256"),
    )


def _say_what_to_fetch(revision: str) -> str:
    command = ["git", "rev-parse", "--is-shallow-repository"]
    if subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() == "true":
        return (
            f"there is no revision {revision} in this shallow clone; fetch the history with `git fetch --unshallow` "
            "(in GitHub Actions: fetch-depth: 0 of actions/checkout)"
        )
    return f"there is no revision {revision} here; `git fetch` may bring it"
