"""Finding the experiments of DVC, and reading their predictions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.scm import RevError
from ruamel.yaml import YAML

from lesions.errors import InputError
from lesions.evaluation.seal import check_unsealed
from lesions.experiments.inputs import NOT_IN_CACHE, PREDICTIONS, Inputs, read_recorded_inputs
from lesions.project.revisions import open_project, open_revision, resolve_revision
from lesions.tables.predictions import Predictions, read_predictions
from lesions.tables.splits import SCORED_SPLITS


@dataclass(frozen=True)
class Experiment:
    """An experiment that ran to its end.

    Attributes
    ----------
    name
        Its name.
    commit
        The hash of its commit.
    inputs
        What its predictions were made from.
    """

    name: str
    commit: str
    inputs: Inputs


@contextmanager
def open_experiments() -> Iterator[Repo]:
    """Yield the project, to read its experiments; raise InputError if DVC cannot."""
    try:
        with open_project() as repo:
            yield repo
    except (DvcException, RevError) as error:
        raise InputError(f"DVC cannot read the experiments: {error}") from error


def find_commits(repo: Repo, names: Sequence[str]) -> dict[str, str]:
    """Return the commits of the named experiments, or of all that started from the last commit."""
    if names:
        return {name: resolve_revision(repo, name) for name in names}
    return {name: commit for entries in repo.experiments.ls().values() for name, commit in entries}


def read_experiment(repo: Repo, name: str, commit: str) -> Experiment:
    """Read what an experiment's predictions were made from; raise InputError if it did not run to its end."""
    with open_revision(repo, commit) as files:
        return Experiment(name, commit, read_recorded_inputs(repo, files, name))


def read_parameter_file(repo: Repo, commit: str) -> dict[str, Any]:
    """Read the parameter file of an experiment."""
    with open_revision(repo, commit) as files:
        return YAML(typ="safe", pure=True).load(files.read_text("/params.yaml"))


def read_scored_predictions(experiment: Experiment) -> dict[str, dict[str, Predictions]]:
    """Return the predictions of each model and baseline of an experiment, for each split that is scored.

    Raises
    ------
    InputError
        If the test images of the experiment are sealed.
    """
    with fetch_output(experiment, PREDICTIONS) as folder:
        paths = sorted(folder.rglob("*.csv"), key=lambda path: (len(path.parts), path))  # baselines last
        tables = {path.stem: read_predictions(path) for path in paths}
    for table in tables.values():
        check_unsealed(table, experiment.name)
    return {split: {model: table.select(split) for model, table in tables.items()} for split in SCORED_SPLITS}


@contextmanager
def fetch_output(experiment: Experiment, path: str) -> Iterator[Path]:
    """Yield a temporary copy of a file or a folder that an experiment wrote."""
    with TemporaryDirectory() as folder:
        copy = Path(folder, Path(path).name)
        try:
            with open_experiments() as repo, open_revision(repo, experiment.commit) as files:
                files.get(f"/{path}", str(copy), recursive=True)
        except NOT_IN_CACHE as error:
            raise InputError(
                f"{path} of {experiment.name} is not in DVC's cache ({error}); `dvc pull` may fetch it, and "
                f"`dvc exp remove {experiment.name}` removes the experiment"
            ) from error
        yield copy
