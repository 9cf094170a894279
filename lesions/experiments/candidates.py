"""The models that a user names to compare: of the workspace, of an experiment, or of any revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dvc.repo import Repo

from lesions.errors import InputError, cut_value, quote_value
from lesions.experiments.inputs import NOT_IN_CACHE
from lesions.experiments.revisions import open_experiments
from lesions.formats.json_file import read_json
from lesions.project.revisions import WORKSPACE, open_revision, resolve_revision
from lesions.tables.paths import ModelPaths
from lesions.tables.predictions import Predictions, read_predictions

COMPARISON = Path("metrics/comparison.json")


@dataclass(frozen=True)
class Candidate:
    """A model at a revision.

    Attributes
    ----------
    name
        How it is called in the comparison.
    commit
        The hash of the commit, or `workspace`.
    model
        The name of the model, or of a baseline or probe.
    """

    name: str
    commit: str
    model: str


def find_candidates(names: Sequence[str], models: Sequence[str]) -> list[Candidate]:
    """Find what each name stands for.

    A name is a listed model, a baseline or a probe of the workspace; or a revision (a branch, a tag, a commit or an
    experiment) and a model, as in `main:resnet18`; or a revision alone, which stands for its best model on
    validation.

    Parameters
    ----------
    models
        The models that the workspace lists.

    Raises
    ------
    InputError
        If there is no such model or revision, or if two names stand for the same.
    """
    with open_experiments() as repo:
        found = [_find_candidate(repo, name, models) for name in names]
    for number, candidate in enumerate(found):
        for other in found[:number]:
            if (other.commit, other.model) == (candidate.commit, candidate.model):
                raise InputError(f"{cut_value(other.name)} and {cut_value(candidate.name)} are the same")
    return found


def _find_candidate(repo: Repo, name: str, models: Sequence[str]) -> Candidate:
    if name in models or find_table(Path("data"), name) is not None:
        return Candidate(name, WORKSPACE, name)
    revision, _, model = name.partition(":")
    try:
        commit = resolve_revision(repo, revision)
    except InputError as error:
        raise InputError(f"{quote_value(name)} is no model of the workspace, and {error}") from error
    if model:
        return Candidate(name, commit, model)
    comparison = _read_comparison(repo, commit, revision)
    if "best" not in comparison or "best_val_score" not in comparison:
        raise InputError(
            f"{COMPARISON} of {cut_value(revision)} names no model that was chosen on validation; name one: "
            f"{cut_value(revision)}:MODEL"
        )
    return Candidate(f"{name}:{comparison['best']}", commit, str(comparison["best"]))


def _read_comparison(repo: Repo, commit: str, revision: str) -> dict[str, object]:
    with open_revision(repo, commit) as files, TemporaryDirectory() as folder:
        copy = Path(folder, COMPARISON.name)
        try:
            files.get(f"/{COMPARISON}", str(copy))
        except NOT_IN_CACHE as error:
            raise InputError(
                f"{quote_value(revision)} is no model of the workspace, and as a revision it has no {COMPARISON}; "
                f"name a model of it: {cut_value(revision)}:MODEL"
            ) from error
        return dict(read_json(copy))


def find_table(data: Path, model: str) -> Path | None:
    """Return the table with the predictions of a model, a baseline or a probe, or None."""
    return next((path for path in list_tables(data, model) if path.is_file()), None)


def list_tables(data: Path, model: str) -> list[Path]:
    """Return the paths that the predictions of a model, a baseline or a probe of this name would have."""
    own = ModelPaths(model, data).predictions
    return [own, *(own.parent / folder / own.name for folder in ("baselines", "probes"))]


def read_candidate(candidate: Candidate) -> Predictions:
    """Read the predictions of a candidate, for all splits that are scored.

    Raises
    ------
    InputError
        If its revision has no such model, or its predictions are not in DVC's cache.
    """
    if candidate.commit == WORKSPACE:
        table = find_table(Path("data"), candidate.model)
        if table is None:
            raise InputError(f"there are no predictions of {candidate.name}; `dvc repro` makes them")
        return read_predictions(table)
    with open_experiments() as repo, open_revision(repo, candidate.commit) as files, TemporaryDirectory() as folder:
        for path in list_tables(Path("/data"), candidate.model):
            if files.isfile(path.as_posix()):
                copy = Path(folder, path.name)
                try:
                    files.get(path.as_posix(), str(copy))
                except NOT_IN_CACHE as error:
                    raise InputError(
                        f"the predictions of {cut_value(candidate.name)} are not in DVC's cache; `dvc pull` or "
                        "`dvc fetch --all-commits` may fetch them"
                    ) from error
                return read_predictions(copy)
    raise InputError(f"{cut_value(candidate.name)}: that revision has no predictions of {cut_value(candidate.model)}")
