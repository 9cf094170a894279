"""The section `tracking`, and where it sends the epochs to."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from lesions.errors import InputError, cut_value
from lesions.parameters.strict import Section

URI_VARIABLE = "MLFLOW_TRACKING_URI"
"""Environment variable that names the tracking server where `tracking.uri` is null."""

SQLITE = "sqlite:///"
"""What the URI of a database in a file begins with; the file's path follows."""


class TrackingParameters(Section):
    """The section `tracking`.

    Attributes
    ----------
    kind
        What the epochs are sent to.
    uri
        mlflow only: the server, or a database in a file; None for the environment's, and otherwise a file here.
    experiment
        mlflow only: the name under which the server lists the runs.
    report
        mlflow only: whether `lesions track` sends the report, which shows test images.
    """

    kind: Literal["none", "dvclive", "mlflow"]
    uri: str | None
    experiment: str
    report: Literal["synthetic", "always", "never"]


def find_tracking_folder() -> Path:
    """Return the folder of what is to be sent, which is outside the temporary folder of an experiment."""
    # DVC sets DVC_ROOT to the repository even if an experiment runs in a temporary copy of it.
    return Path(os.environ.get("DVC_ROOT", "."), ".tracking").absolute()


def find_uri(parameters: TrackingParameters) -> str:
    """Return where MLflow's runs are: the parameter's, else the environment's URI, else a file of this project.

    Raises
    ------
    InputError
        If the URI holds a password, or is neither a server nor an absolute path to a database in a file.
    """
    named = {"tracking.uri": parameters.uri, URI_VARIABLE: os.environ.get(URI_VARIABLE)}
    for source, uri in named.items():
        if uri:
            _check_uri(uri, source)
            return uri
    return f"{SQLITE}{(find_tracking_folder() / 'mlflow.db').as_posix()}"


def check_tracking(parameters: TrackingParameters) -> None:
    """Raise InputError if MLflow is asked for and is not installed, or cannot be reached by such a URI."""
    if parameters.kind != "mlflow":
        return
    find_uri(parameters)
    for package in ("mlflow", "sqlalchemy", "alembic"):
        if find_spec(package) is None:
            raise InputError(
                f"tracking.kind is mlflow, but {package} is not installed: "
                'pip install "lesions[mlflow]", or set tracking.kind to none'
            )


def _check_uri(uri: str, source: str) -> None:
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise InputError(f"{source}: not a URI ({error})") from error
    if parts.username is not None or parts.password is not None:
        raise InputError(
            f"{source}: names a user or a password, which would be written to files; set MLFLOW_TRACKING_USERNAME "
            "and MLFLOW_TRACKING_PASSWORD in the environment instead"
        )
    is_server = parts.scheme in ("http", "https") and parts.hostname
    if not is_server and not (uri.startswith(SQLITE) and Path(uri.removeprefix(SQLITE)).is_absolute()):
        raise InputError(
            f"{source}: expected http://…, https://… or {SQLITE} with an absolute path, got {cut_value(uri)!r}"
        )
