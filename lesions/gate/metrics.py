"""What a revision holds: its models, and the metrics and the digest of each on the test images.

Whatever cannot be read is a problem in words, which names the file and the revision, and stops no other file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from dvc.exceptions import DvcException

from lesions.errors import InputError
from lesions.evaluation.seal import holds_seal
from lesions.formats.json_file import parse_json
from lesions.gate.rules import OtherFile
from lesions.parameters.models import check_ensembles, list_exported, list_scored
from lesions.parameters.section import parse_parameters
from lesions.tables.digest import MAX_PROBABILITIES, parse_digest
from lesions.tables.paths import ModelPaths
from lesions.tables.predictions import Predictions
from lesions.tables.run_files import SPLIT_METRICS, find_test_images

MAX_BYTES = 100_000_000
"""Size of the largest file that is read; a larger one is not from a run."""

PARAMS = Path("params.yaml")


class Files(Protocol):
    """The files of a revision, by their paths from the project's folder, which is `/`."""

    def isfile(self, path: str) -> bool: ...  # noqa: D102

    def isdir(self, path: str) -> bool: ...  # noqa: D102

    def open(self, path: str, mode: str) -> BinaryIO: ...  # noqa: D102


@dataclass(frozen=True)
class ModelMetrics:
    """One model in one revision.

    Attributes
    ----------
    values
        The content of `metrics/<model>/test.json`; None if it is missing or broken.
    digest
        The predictions of the test images; None if `metrics/<model>/digest.json` is missing or broken.
    problems
        Why either cannot be used, one sentence each.
    is_sealed
        Whether it was scored under the seal of the test images; there are neither values nor a digest then.
    others
        The content of each other metrics file of the model that rules can name, or why it cannot be used. An ensemble
        has no `robustness`, and what is not exported no `export`.
    """

    values: Mapping[str, Any] | None
    digest: Predictions | None
    problems: tuple[str, ...] = ()
    is_sealed: bool = False
    others: Mapping[str, Mapping[str, Any] | str] = field(default_factory=dict)


@dataclass(frozen=True)
class RevisionMetrics:
    """The metrics of one revision.

    Attributes
    ----------
    name
        The revision in messages: the base, or the workspace.
    models
        Each model and ensemble that the revision's `params.yaml` lists.
    test_images_sha256
        Hash of the test images; None if the revision does not say it.
    problems
        Why it does not.
    """

    name: str
    models: Mapping[str, ModelMetrics]
    test_images_sha256: str | None
    problems: tuple[str, ...] = ()


def read_metrics(files: Files, revision: str) -> RevisionMetrics:
    """Read the metrics of a revision; raise InputError if its list of models cannot be read.

    Parameters
    ----------
    files
        The revision's files.
    revision
        The revision in messages.
    """
    parameters, source = read_revision_parameters(files, PARAMS, revision), f"{PARAMS} of {revision}"
    ensembles, exported = check_ensembles(parameters, source), list_exported(parameters, source)
    models = {}
    for model in list_scored(parameters, source):
        has: dict[OtherFile, bool] = {"robustness": model not in ensembles, "export": model in exported}
        models[model] = _read_model(files, model, revision, [name for name, is_there in has.items() if is_there])
    try:
        return RevisionMetrics(revision, models, _read_test_images(files, revision))
    except InputError as error:
        return RevisionMetrics(revision, models, None, problems=(str(error),))


def read_revision_parameters(files: Files, params: Path, revision: str) -> dict[str, Any]:
    """Read a parameter file of a revision; raise InputError if it is missing or has no sections."""
    return parse_parameters(_read_bytes(files, params, revision), f"{params} of {revision}")


def _read_model(files: Files, model: str, revision: str, others: Sequence[OtherFile]) -> ModelMetrics:
    paths, problems = ModelPaths(model), []
    values, digest, num_images = None, None, None
    try:
        values = _read_values(files, paths.metrics_file("test"), revision)
        if holds_seal(values):
            return ModelMetrics(None, None, is_sealed=True, others=dict.fromkeys(others, "is sealed"))
        num_images = values.get("num_images")
    except InputError as error:
        problems.append(str(error))
    try:
        digest = parse_digest(
            _read_values(files, paths.metrics_file("digest"), revision),
            f"{paths.metrics_file('digest')} of {revision}",
            num_images if isinstance(num_images, int) and 0 < num_images <= MAX_PROBABILITIES else None,
        )
    except InputError as error:
        problems.append(str(error))
    read: dict[str, Mapping[str, Any] | str] = {}
    for name in others:
        try:
            read[name] = _read_values(files, paths.metrics_file(name), revision)
        except InputError as error:
            read[name] = str(error)
    return ModelMetrics(values, digest, tuple(problems), others=read)


def _read_test_images(files: Files, revision: str) -> str:
    """Return the hash of the test images."""
    return find_test_images(_read_values(files, SPLIT_METRICS, revision), f"{SPLIT_METRICS} of {revision}")


def _read_values(files: Files, path: Path, revision: str) -> dict[str, Any]:
    """Return the names and values of a JSON file."""
    values = parse_json(_read_bytes(files, path, revision), f"{path} of {revision}")
    if not isinstance(values, dict):
        raise InputError(f"{path} of {revision}: expected names with values, got {values!r:.80}")
    return values


def _read_bytes(files: Files, path: Path, revision: str) -> bytes:
    source, place = f"{path} of {revision}", f"/{path.as_posix()}"
    try:
        if not files.isfile(place):
            what = "a folder" if files.isdir(place) else "missing"
            advice = "" if path == PARAMS else "; `dvc repro` writes it, and it has to be committed"
            raise InputError(f"{source} is {what}{advice}")
        with files.open(place, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, DvcException) as error:
        raise InputError(f"{source} cannot be read: {error}") from error
    if len(content) > MAX_BYTES:
        raise InputError(f"{source} has more than {MAX_BYTES:,} bytes")
    return content
