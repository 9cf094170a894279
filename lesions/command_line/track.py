"""`lesions track`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from filelock import FileLock
from rich.table import Column, Table

from lesions.command_line.options import PARAMS, ParamsOption
from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.parameters.section import read_section
from lesions.stage.tables import print_table
from lesions.tables.paths import ModelPaths
from lesions.tracking.parameters import SQLITE, TrackingParameters, check_tracking, find_tracking_folder, find_uri
from lesions.tracking.spool import is_sent, read_record, read_spool

if TYPE_CHECKING:
    from lesions.tracking.sending import Sender


def track(
    revisions: Annotated[
        list[str] | None,
        typer.Argument(help="Branches, tags, commits or experiments; by default the files as they are now."),
    ] = None,
    list_here: Annotated[
        bool, typer.Option("--list", help="Only list the runs of the trainings that were tracked here.")
    ] = False,
    params: ParamsOption = PARAMS,
) -> None:
    """Send MLflow what it lacks: epochs that wait, and of each model scores, report, model file, commit and lock."""
    if list_here:
        print_table(list_records(find_tracking_folder()))
        return
    parameters = read_section(params, "tracking", TrackingParameters)
    if parameters.kind != "mlflow":
        raise InputError(f"{params}: tracking.kind is {parameters.kind}; set it to mlflow (that retrains nothing)")
    check_tracking(parameters)
    from lesions.tracking.mlflow_runs import FAILURES  # these import MLflow
    from lesions.tracking.sending import Sender

    folder, uri = find_tracking_folder(), find_uri(parameters)
    sender = Sender(folder)
    failed = sender.send_all(wait_seconds=60)
    if uri not in sender.unreachable:
        try:
            with FileLock(folder / "track.lock"):
                send_results(revisions or ["workspace"], parameters, sender)
        except FAILURES as error:
            failed[uri] = " ".join(str(error).split())
    if failed:
        reasons = "; ".join(f"{where}: {reason}" for where, reason in failed.items())
        raise InputError(f"{reasons}. What was not sent is kept in {folder}; `lesions track` sends it")
    if uri.startswith(SQLITE):
        print(f"to see the runs: uvx mlflow ui --backend-store-uri {uri}")


def send_results(revisions: list[str], parameters: TrackingParameters, sender: "Sender") -> None:
    """Send the results of each model of each revision, and print where they are."""
    from lesions.experiments.tracking import track_revision  # imports DVC

    for revision in revisions:
        table = start_table("run", "sent", "page")
        missing: dict[str, None] = {}
        for tracked in track_revision(revision, parameters, sender):
            table.add_row(tracked.model, tracked.run_id, tracked.sent or "has all", tracked.page)
            missing |= dict.fromkeys(f"{tracked.model}: not sent: {what}" for what in tracked.missing)
        print(f"{revision}:")
        print_table(table)
        for line in missing:
            print(line)


def list_records(folder: Path) -> Table:
    """Return one row for each training that was tracked here, those of the workspace's models marked."""
    table = start_table("run", "experiment", "where", "")
    for spool in sorted({path.with_suffix(".jsonl") for path in folder.glob("*.json*")}):
        record, spooled = read_record(spool), read_spool(spool)
        place = record or (spooled.start if spooled else None)
        if place is None:
            continue
        run_id = record.run_id if record else "none yet"
        is_current = record is not None and record.history_sha256 == hash_history(record.model)
        notes = ["of the workspace"] * is_current + ["epochs wait to be sent"] * (not is_sent(spool))
        table.add_row(place.model, run_id, place.experiment, place.uri, ", ".join(notes))
    return table


def hash_history(model: str) -> str:
    """Return the hash of the history of a model of the workspace; of none if it is not there."""
    history = ModelPaths(model).history
    return hash_file(history) if history.is_file() else ""


def start_table(*headings: str) -> Table:
    """Return a table with a column of models."""
    columns = (Column(heading, no_wrap=True) for heading in ("model", *headings))
    return Table(*columns, box=None, padding=(0, 2, 0, 0), pad_edge=False)
