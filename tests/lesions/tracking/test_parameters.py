"""Where epochs are sent to is checked before anything runs, and no password gets into a file."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.tracking.parameters import TrackingParameters, check_tracking, find_uri


def parameters(uri: str | None = None) -> TrackingParameters:
    return TrackingParameters(kind="mlflow", uri=uri, experiment="lesions", report="synthetic")


def test_the_parameter_goes_before_the_environment_and_that_before_a_file_beside_the_states_of_trainings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert find_uri(parameters()) == f"sqlite:///{tmp_path}/.tracking/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://other:5000")
    assert find_uri(parameters()) == "http://other:5000"
    assert find_uri(parameters("https://own/mlflow")) == "https://own/mlflow"


@pytest.mark.parametrize("uri", ["https://me:pw@own", "http://token@own:5000", "postgresql://me:pw@own/runs"])
@pytest.mark.parametrize("source", ["tracking.uri", "MLFLOW_TRACKING_URI"])
def test_a_password_in_a_uri_is_refused_and_not_repeated(
    uri: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(InputError, match=rf"^{source}: names a user or a password, .*_PASSWORD in the") as error:
        find_uri(parameters(uri if source == "tracking.uri" else None))
    assert "pw" not in str(error.value)
    assert "token" not in str(error.value)


@pytest.mark.parametrize(
    "uri",
    ["mlruns", "file:///tmp/mlruns", "sqlite:///runs.db", "sqlite://", "postgresql://own/runs", "http://", "ftp://a"],
)
def test_what_is_neither_a_server_nor_a_database_in_a_file_is_refused(uri: str) -> None:
    with pytest.raises(
        InputError, match=r"^tracking\.uri: expected http://…, https://… or sqlite:/// with an absolute"
    ):
        find_uri(parameters(uri))


def test_what_is_no_uri_is_refused() -> None:
    with pytest.raises(InputError, match=r"^tracking\.uri: not a URI"):
        find_uri(parameters("http://[::1"))


@pytest.mark.skipif(find_spec("alembic") is None, reason='needs the extra: pip install "lesions[mlflow]"')
@pytest.mark.parametrize("package", ["mlflow", "sqlalchemy", "alembic"])
def test_the_extra_is_named_if_a_package_is_missing(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf'but {package} is not installed: pip install "lesions\[mlflow\]"'):
        check_tracking(parameters("http://own"))
    for kind in ("none", "dvclive"):
        check_tracking(parameters().model_copy(update={"kind": kind}))
