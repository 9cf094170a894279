"""Read the metrics of the workspace and of a revision through DVC."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException

from lesions.errors import InputError
from lesions.project.revisions import WORKSPACE, open_project, open_revision, resolve_revision
from lesions.tables.digest import parse_digest
from lesions.tables.paths import ModelPaths
from lesions.tables.predictions import Predictions


@dataclass(frozen=True)
class RevisionMetrics:
    """The metrics of one revision's models on its test images.

    Attributes
    ----------
    models
        The metrics in `metrics/<model>/test.json` for each model in the revision's DAG; empty if that file is missing
        or broken.
    test_images_sha256
        Hash of the test images; None if the revision does not record it.
    digests
        The predictions of the test images for each model that has them in the revision.
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
        The hash of the commit that `base` names.
    before, now
        The metrics of `base` and of the workspace.

    Raises
    ------
    InputError
        If there is no such revision, or DVC cannot read the metrics of either.
    """
    try:
        with open_project() as repo:
            commit = resolve_revision(repo, base)
            shown = repo.metrics.show(revs=[commit], hide_workspace=False)
            with open_revision(repo, commit) as files:
                before = _parse(shown[commit], base, files)
            with open_revision(repo, WORKSPACE) as files:
                now = _parse(shown[WORKSPACE], "the workspace", files)
    except DvcException as error:
        raise InputError(f"DVC cannot read the metrics: {error}") from error
    return commit, before, now


def _parse(result: Mapping[str, Any], revision: str, files_of: DVCFileSystem) -> RevisionMetrics:
    if "error" in result:
        raise InputError(f"the metrics of {revision} cannot be read: {result['error']}")
    files = {PurePath(name): file.get("data", {}) for name, file in result["data"].items()}
    split = files.get(PurePath("metrics/split.json"), {})
    models = {
        path.parts[1]: metrics
        for path, metrics in files.items()
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
    if files.isfile(f"/{path}"):
        yield parse_digest(json.loads(files.read_text(f"/{path}", encoding="utf-8")), f"{path} of {revision}")
