"""The metrics of the workspace and of a revision, as DVC reads them."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.scm import RevError, resolve_rev

from lesions.errors import InputError
from lesions.tables.digest import parse_digest
from lesions.tables.paths import ModelPaths
from lesions.tables.predictions import Predictions


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
    digests
        For each model, its predictions of the test images; without those that the revision does not have.
    """

    models: Mapping[str, Mapping[str, Any]]
    test_images_sha256: str | None
    digests: Mapping[str, Predictions]


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
            before, now = (
                _parse(shown[name], said, DVCFileSystem(repo.root_dir, rev=rev))
                for name, said, rev in ((commit, base, commit), ("workspace", "the workspace", None))
            )
    except RevError as error:
        raise InputError(_say_what_to_fetch(base)) from error
    except DvcException as error:
        raise InputError(f"DVC cannot read the metrics: {error}") from error
    return commit, before, now


def _parse(result: Mapping[str, Any], revision: str, files_of: DVCFileSystem) -> RevisionMetrics:
    if "error" in result:
        raise InputError(f"the metrics of {revision} cannot be read: {result['error']}")
    files = {PurePath(name): found.get("data", {}) for name, found in result["data"].items()}
    split = files.get(PurePath("metrics/split.json"), {})
    models = {
        path.parts[1]: found
        for path, found in files.items()
        if path.match(ModelPaths("*").metrics_file("test").as_posix())
    }
    return RevisionMetrics(
        models=models,
        test_images_sha256=split.get("test_images_sha256"),
        digests={model: digest for model in models for digest in _read_digest(files_of, model, revision)},
    )


def _read_digest(files: DVCFileSystem, model: str, revision: str) -> Iterator[Predictions]:
    """Yield the digest of a model's predictions, if there is one."""
    path = ModelPaths(model).metrics_file("digest").as_posix()
    if files.isfile(path):
        yield parse_digest(json.loads(files.read_text(path, encoding="utf-8")), f"{path} of {revision}")


def _say_what_to_fetch(revision: str) -> str:
    command = ["git", "rev-parse", "--is-shallow-repository"]
    if subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() == "true":
        return (
            f"there is no revision {revision} in this shallow clone; fetch the history with `git fetch --unshallow` "
            "(in GitHub Actions: fetch-depth: 0 of actions/checkout)"
        )
    return f"there is no revision {revision} here; `git fetch` may bring it"
