"""Sending what spools hold to MLflow, each epoch once."""

from pathlib import Path

from filelock import FileLock, Timeout

from lesions.tracking.mlflow_runs import FAILURES, REFUSALS, Runs
from lesions.tracking.spool import Record, Spooled, Start, read_record, read_spool, write_record

ANCHOR = "val/loss"
"""A figure of every epoch; MLflow takes an epoch's figures together or not at all, so that it has all or none."""

SPOOL_TAG = "lesions.spool"
HISTORY_TAG = "lesions.history_sha256"


class Sender:
    """Sends all spools of a folder; only one process at a time does.

    Attributes
    ----------
    folder
        The folder of the spools.
    unreachable
        The URIs that did not answer in the last pass; the other spools for them were left alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreachable: set[str] = set()
        self._runs: dict[tuple[str, str], Runs] = {}

    def send_all(self, *, first: Path | None = None, wait_seconds: float = 0) -> dict[str, str]:
        """Send all that is not sent, and return what failed, by the URI.

        If another process is sending, that one sends all.

        Parameters
        ----------
        first
            The spool that is sent before the others.
        wait_seconds
            How long to wait for another process.
        """
        failed: dict[str, str] = {}
        self.unreachable.clear()
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / "send.lock", timeout=wait_seconds):
                for path in sorted(self.folder.glob("*.jsonl"), key=lambda path: (path != first, path)):
                    self._try_to_send(path, failed)
        except Timeout:
            return {"another process": f"is still sending what is in {self.folder}"}
        return failed

    def open_runs(self, uri: str, experiment: str) -> Runs:
        """Return the runs of an experiment, with one client for all."""
        if (uri, experiment) not in self._runs:
            self._runs[uri, experiment] = Runs(uri, experiment)
        return self._runs[uri, experiment]

    def send(self, spooled: Spooled, record: Record | None, runs: Runs) -> Record:
        """Send what MLflow lacks of a training, and return where it is; its run is created if there is none."""
        start, end = spooled.start, spooled.end
        record = record or _create_record(start, runs)
        sent = runs.list_steps(record.run_id, ANCHOR)
        for epoch in spooled.epochs:
            if epoch.number not in sent:
                runs.log_metrics(record.run_id, epoch.metrics, time_ms=epoch.time_ms, step=epoch.number)
        if end and end.history_sha256:
            runs.set_tags(record.run_id, {HISTORY_TAG: end.history_sha256})
        runs.set_status(record.run_id, end.status if end else "RUNNING", end.time_ms if end else None)
        sha256 = end.history_sha256 if end else None
        return record.model_copy(update={"sent_bytes": spooled.num_bytes, "history_sha256": sha256})

    def _try_to_send(self, path: Path, failed: dict[str, str]) -> None:
        spooled, record = read_spool(path), read_record(path)
        if spooled is None or spooled.start.uri in self.unreachable:
            return
        try:
            if record is None or record.sent_bytes < spooled.num_bytes:
                runs = self.open_runs(spooled.start.uri, spooled.start.experiment)
                write_record(path, self.send(spooled, record, runs))
            if spooled.is_finished:
                path.unlink()
        except FAILURES as error:
            failed[spooled.start.uri] = " ".join(str(error).split())
            # An answer that refuses one run, such as a deleted one, says nothing of the others.
            if not isinstance(error, REFUSALS):
                self.unreachable.add(spooled.start.uri)


def _create_record(start: Start, runs: Runs) -> Record:
    """Create the run of a training, unless a process did and was killed before it noted that; return where it is."""
    tags = start.tags | {SPOOL_TAG: start.id}
    found = runs.find(SPOOL_TAG, start.id)
    run_id = str(found.info.run_id) if found else runs.create(start.model, start_ms=start.time_ms, tags=tags)
    runs.log_parameters(run_id, start.parameters)
    return Record(
        spool=start.id,
        model=start.model,
        key=start.key,
        uri=runs.uri,
        experiment=runs.experiment,
        experiment_id=runs.experiment_id,
        run_id=run_id,
    )
