"""Reading the parameters and the predictions of DVC's experiments."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.scm import RevError
from ruamel.yaml import YAML

from lesions.errors import InputError
from lesions.tables.predictions import Predictions, read_predictions


def read_settings(experiments: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read the parameters of the named experiments, or of all that started from the last commit."""
    try:
        with Repo() as repo:
            listed = [name for entries in repo.experiments.ls().values() for name, _ in entries]
        settings = {}
        for name in experiments or listed:
            settings[name] = YAML(typ="safe", pure=True).load(DVCFileSystem(rev=name).read_text("params.yaml"))
    except RevError as error:
        raise InputError(f"there is no experiment of that name: {error}") from error
    except DvcException as error:
        raise InputError(f"DVC cannot read the experiments: {error}") from error
    return settings


def flatten_parameters(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the parameters of all sections by their full names."""
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        flat |= (
            flatten_parameters(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
        )
    return flat


def read_test_predictions(experiment: str) -> dict[str, Predictions]:
    """Return the predictions of each model and baseline of an experiment for its test images."""
    with fetch_output(experiment, "data/predictions") as folder:
        tables = sorted(folder.rglob("*.csv"), key=lambda path: (len(path.parts), path))  # baselines last
        return {path.stem: read_predictions(path).select("test") for path in tables}


@contextmanager
def fetch_output(experiment: str, path: str) -> Iterator[Path]:
    """Yield a temporary copy of a file or a folder that an experiment wrote."""
    with TemporaryDirectory() as folder:
        copy = Path(folder, Path(path).name)
        try:
            DVCFileSystem(rev=experiment).get(path, str(copy), recursive=True)
        except (DvcException, OSError) as error:
            raise InputError(
                f"{path} of {experiment} is not in DVC's cache ({error}); `dvc pull` may fetch it"
            ) from error
        yield copy
