"""Sending a training that was not tracked to MLflow, from the history that it left."""

import json
from collections import defaultdict
from typing import Any

from dvc.api import DVCFileSystem

from lesions.experiments.inputs import NOT_IN_CACHE
from lesions.parameters.section import parse_parameters
from lesions.tables.paths import ModelPaths
from lesions.tracking.epochs import name_metrics
from lesions.tracking.mlflow_runs import Runs
from lesions.tracking.sending import Sender
from lesions.tracking.spool import End, Epoch, Spooled, Start, flatten, write_record

ABOUT = ("epoch", "phase", "split", "gradient_norm")
RATE = "learning_rate_"


def spool_history(files: DVCFileSystem, model: str, sha256: str, *, runs: Runs, sender: Sender) -> str:
    """Send a finished training of a revision, and return the id of its run.

    Parameters
    ----------
    sha256
        The hash of its history, by which its run is found.
    """
    paths = ModelPaths(model)
    rows = json.loads(files.read_bytes(f"/{paths.history.as_posix()}"))
    start = Start(
        model=model,
        key="",
        uri=runs.uri,
        experiment=runs.experiment,
        parameters=flatten(read_settings(files, model)),
        tags={"lesions.model": model},
    )
    epochs = [Epoch(number=entry["epoch"], metrics=name_metrics(entry)) for entry in list_entries(rows)]
    record = sender.send(Spooled(start, tuple(epochs), End(status="FINISHED", history_sha256=sha256)), None, runs)
    write_record(sender.folder / f"{model}-{sha256[:16]}-{start.id}.jsonl", record)
    return record.run_id


def read_settings(files: DVCFileSystem, model: str) -> dict[str, Any]:
    """Read the recipe of a model, if DVC has it, and the section `hardware`."""
    settings = {"hardware": parse_parameters(files.read_bytes("/params.yaml"), "params.yaml")["hardware"]}
    try:
        return json.loads(files.read_bytes(f"/data/recipes/{model}.json")) | settings
    except NOT_IN_CACHE:
        return settings


def list_entries(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of the epochs, as a training makes them, from the rows of its plot."""
    entries: dict[int, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        rates = {name.removeprefix(RATE): value for name, value in row.items() if name.startswith(RATE)}
        scores = {name: value for name, value in row.items() if name not in ABOUT and not name.startswith(RATE)}
        if row["split"] == "train":
            scores["gradient_norm"] = row["gradient_norm"]
        entries[row["epoch"]] |= {"epoch": row["epoch"], "learning_rates": rates, row["split"]: scores}
    return [entries[epoch] for epoch in sorted(entries)]
