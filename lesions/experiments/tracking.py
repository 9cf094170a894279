"""Adding what later stages made of a training, as it is at a revision, to its run in MLflow."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from dvc.api import DVCFileSystem

from lesions.errors import InputError
from lesions.experiments.history import spool_history
from lesions.experiments.inputs import NOT_IN_CACHE
from lesions.experiments.revisions import open_experiments
from lesions.formats.sha256 import hash_file
from lesions.parameters.section import parse_parameters
from lesions.project.revisions import WORKSPACE, find_commit_with, open_revision, resolve_revision
from lesions.tables.paths import MetricsName, ModelPaths
from lesions.tracking.mlflow_runs import Runs
from lesions.tracking.parameters import TrackingParameters, find_uri
from lesions.tracking.sending import HISTORY_TAG, Sender

LOCK, PARAMETERS = "dvc.lock", "params.yaml"
REPORT = ("report/index.html", "report/cards", "report/checklist.md")

RESULTS_TAG, LOCK_TAG, COMMIT_TAG = "lesions.results_sha256", "dvc.lock.sha256", "mlflow.source.git.commit"

NOT_SENT: tuple[MetricsName, ...] = ("digest", "ensemble")
"""Metrics files that hold no scores of a model."""


@dataclass(frozen=True)
class Results:
    """What the stages after a training made of it.

    Attributes
    ----------
    model
        The model's name.
    history_sha256
        The hash of its training's history.
    metrics
        Its scores by `scores/<file>/<name>`.
    folder
        A temporary folder with the files to send, as they are to lie in the run.
    missing
        What is not sent, and why.
    """

    model: str
    history_sha256: str
    metrics: dict[str, float]
    folder: Path
    missing: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """A hash of what belongs to this model alone, and of whether there is a report."""
        hashes = {path.name: hash_file(path) for path in sorted(self.folder.glob("model/*"))}
        ingredients = [self.history_sha256, self.metrics, hashes, (self.folder / "report").exists()]
        return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class TrackedModel:
    """Where a model's training is in MLflow, and what was sent now.

    Attributes
    ----------
    model
        Its name.
    run_id, page
        The id of the run, and the address of its page.
    sent
        What was sent, in words.
    missing
        What was not, and why.
    """

    model: str
    run_id: str
    page: str
    sent: str
    missing: tuple[str, ...]


def track_revision(revision: str, parameters: TrackingParameters, sender: Sender) -> Iterator[TrackedModel]:
    """Send what MLflow lacks of each model of a revision, and yield where it is.

    A training that was not tracked is sent whole, from its history.

    Parameters
    ----------
    revision
        A branch, a tag, a commit, an experiment, or `workspace`.

    Raises
    ------
    InputError
        If there is no such revision, or no model is trained in it.
    """
    runs = sender.open_runs(find_uri(parameters), parameters.experiment)
    with open_experiments() as repo:
        commit = WORKSPACE if revision == WORKSPACE else resolve_revision(repo, revision)
        with open_revision(repo, commit) as files:
            tags = _describe_revision(files, revision, commit)
            models = parse_parameters(files.read_bytes(f"/{PARAMETERS}"), f"{PARAMETERS} of {revision}")["models"]
            for model in models:
                with collect_results(files, model, parameters.report) as results:
                    yield _send_results(results, files, tags=tags, runs=runs, sender=sender)


@contextmanager
def collect_results(files: DVCFileSystem, model: str, report: str) -> Iterator[Results]:
    """Yield what a revision has of a model; raise InputError if its training has not ended."""
    paths = ModelPaths(model)
    try:
        history = files.read_bytes(f"/{paths.history.as_posix()}")
    except NOT_IN_CACHE as error:
        raise InputError(f"{paths.history}: is not there; `dvc repro` trains {model} first") from error
    metrics: dict[str, float] = {}
    for name in get_args(MetricsName):
        path = f"/{paths.metrics_file(name).as_posix()}"
        if name not in NOT_SENT and files.exists(path):
            figures = json.loads(files.read_text(path))
            metrics |= {f"scores/{name}/{key}": float(value) for key, value in figures.items() if _is_number(value)}
            metrics.pop(f"scores/{name}/schema", None)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wanted = {LOCK: LOCK, PARAMETERS: PARAMETERS, paths.export.as_posix(): "model"}
        missing = []
        if reason := find_reason_against_report(files, report):
            missing.append(f"report: {reason}")
        else:
            wanted |= {path: path for path in REPORT}
        missing += [f"{path}: is not there" for path, name in wanted.items() if not _get(files, path, folder / name)]
        yield Results(model, hashlib.sha256(history).hexdigest(), metrics, folder, tuple(missing))


def find_reason_against_report(files: DVCFileSystem, report: str) -> str | None:
    """Return why the report is not to be sent; None if it is."""
    if report == "synthetic":
        dataset = parse_parameters(files.read_bytes(f"/{PARAMETERS}"), PARAMETERS)["dataset"]
        is_synthetic = {*dataset.get("names", ()), *dataset.get("external", ())} == {"synthetic"}
        return None if is_synthetic else "it shows images of patients; tracking.report: always sends it"
    return None if report == "always" else "tracking.report is never"


def _send_results(
    results: Results, files: DVCFileSystem, *, tags: dict[str, str], runs: Runs, sender: Sender
) -> TrackedModel:
    """Send the results of one model, unless its run has them."""
    run, sent = runs.find(HISTORY_TAG, results.history_sha256), []
    if run is None:
        run = runs.get(spool_history(files, results.model, results.history_sha256, runs=runs, sender=sender))
        sent.append("epochs")
    run_id, has = str(run.info.run_id), run.data.tags
    if has.get(RESULTS_TAG) != results.sha256:
        runs.log_metrics(run_id, results.metrics, time_ms=time.time_ns() // 1_000_000, step=0)
        runs.log_files(run_id, results.folder)
        runs.set_tags(run_id, tags | {RESULTS_TAG: results.sha256})
        sent += ["scores", *sorted(path.name for path in results.folder.iterdir())]
    elif has.get(LOCK_TAG) == tags[LOCK_TAG] and not tags.items() <= has.items():
        runs.set_tags(run_id, tags)  # the same lock was committed since
        sent.append("commit")
    return TrackedModel(results.model, run_id, runs.spell_page(run_id), ", ".join(sent), results.missing)


def _describe_revision(files: DVCFileSystem, revision: str, commit: str) -> dict[str, str]:
    """Return the tags that name a revision: the hash of its lock and, if there is one, its commit."""
    try:
        lock = files.read_bytes(f"/{LOCK}")
    except NOT_IN_CACHE as error:
        raise InputError(f"{LOCK}: is not there in {revision}; `dvc repro` makes it") from error
    tags = {LOCK_TAG: hashlib.sha256(lock).hexdigest()}
    known = find_commit_with(Path(LOCK)) if commit == WORKSPACE else commit
    return tags | ({COMMIT_TAG: known} if known else {})


def _get(files: DVCFileSystem, path: str, to: Path) -> bool:
    """Copy a file or a folder, and return whether it is there."""
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        files.get(f"/{path}", str(to), recursive=True)
    except NOT_IN_CACHE:
        with suppress(OSError):
            to.parent.rmdir()  # unless something else is in it
        return False
    return to.exists()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
