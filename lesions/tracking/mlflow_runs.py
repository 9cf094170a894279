"""The runs of one experiment of MLflow; nothing else imports MLflow, and nothing that it stores is unpickled."""

import os
from collections.abc import Mapping
from pathlib import Path

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Environment of MLflow, whatever it was before."""

PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "30", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
"""Environment of MLflow, unless it is set already."""

os.environ.update(SETTINGS)
os.environ.update({name: value for name, value in PATIENCE.items() if name not in os.environ})

from filelock import FileLock  # noqa: E402
from mlflow import MlflowClient  # noqa: E402  # it reads the environment
from mlflow.entities import Metric, Param, Run, RunTag  # noqa: E402
from mlflow.exceptions import MlflowException, RestException  # noqa: E402
from sqlalchemy.exc import SQLAlchemyError  # noqa: E402

from lesions.formats.atomic import atomic_path  # noqa: E402
from lesions.tracking.parameters import SQLITE  # noqa: E402

FAILURES = (MlflowException, SQLAlchemyError, OSError)
"""What MLflow raises where a server or a database fails; the errors of requests are OSErrors."""

REFUSALS = (RestException,)
"""Those of them that are an answer of a server."""


class Runs:
    """The runs of one experiment.

    Attributes
    ----------
    uri
        The server, or the database in a file.
    experiment
        The experiment's name; it is made if it is not there.
    experiment_id
        What MLflow calls it.
    """

    def __init__(self, uri: str, experiment: str) -> None:
        self.uri, self.experiment = uri, experiment
        database = Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None
        if database:
            create_database(database)
        self._client = MlflowClient(tracking_uri=uri)
        found = self._client.get_experiment_by_name(experiment)
        self.experiment_id = found.experiment_id if found else self._create_experiment(database)

    def create(self, name: str, *, start_ms: int, tags: Mapping[str, str]) -> str:
        """Create a run and return its id."""
        run = self._client.create_run(self.experiment_id, start_time=start_ms, tags=dict(tags), run_name=name)
        return str(run.info.run_id)

    def log_parameters(self, run_id: str, parameters: Mapping[str, str]) -> None:
        """Log the parameters of a run; those that it has already must have the same values."""
        self._client.log_batch(run_id, params=[Param(*each) for each in parameters.items()])

    def find(self, tag: str, value: str) -> Run | None:
        """Return the latest run with this value of a tag."""
        assert "'" not in value
        found = self._client.search_runs([self.experiment_id], f"tags.`{tag}` = '{value}'", max_results=1)
        return found[0] if found else None

    def get(self, run_id: str) -> Run:
        """Return a run."""
        return self._client.get_run(run_id)

    def list_steps(self, run_id: str, metric: str) -> set[int]:
        """Return the steps for which a run has a metric."""
        return {point.step for point in self._client.get_metric_history(run_id, metric)}

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], *, time_ms: int, step: int) -> None:
        """Log metrics of one step, all or none if they are at most 1,000."""
        points = [Metric(name, value, time_ms, step) for name, value in metrics.items()]
        self._client.log_batch(run_id, metrics=points)

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run."""
        self._client.log_batch(run_id, tags=[RunTag(*each) for each in tags.items()])

    def set_status(self, run_id: str, status: str, end_ms: int | None) -> None:
        """Say that a run is running, or how and when it ended."""
        if end_ms is None:
            self._client.update_run(run_id, status)
        else:
            self._client.set_terminated(run_id, status, end_ms)

    def log_files(self, run_id: str, folder: Path) -> None:
        """Log all files below a folder, replacing those of the same name."""
        self._client.log_artifacts(run_id, str(folder))

    def spell_page(self, run_id: str) -> str:
        """Return the address of a run's page; for a database in a file, the part of it behind the host."""
        host = "" if self.uri.startswith(SQLITE) else self.uri.rstrip("/")
        return f"{host}/#/experiments/{self.experiment_id}/runs/{run_id}"

    def _create_experiment(self, database: Path | None) -> str:
        # Without a place of their own, files would go to ./mlruns.
        place = (database.parent / "artifacts").as_uri() if database else None
        try:
            return str(self._client.create_experiment(self.experiment, artifact_location=place))
        except MlflowException:
            found = self._client.get_experiment_by_name(self.experiment)
            if found is None:
                raise
            return str(found.experiment_id)  # another process was faster


def create_database(path: Path) -> None:
    """Create a database if the file is not there; a process that is killed leaves none that is half made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            with atomic_path(path) as temporary:
                MlflowClient(tracking_uri=f"{SQLITE}{temporary.as_posix()}").search_experiments(max_results=1)
