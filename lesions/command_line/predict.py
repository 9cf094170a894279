"""`lesions predict`."""

import os
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from lesions.errors import InputError
from lesions.formats.printable import make_printable
from lesions.serving.model import load_model
from lesions.serving.prediction import Job, Summary, check_outputs, open_rows, predict_to_files
from lesions.serving.reports import Reports
from lesions.serving.rows import Row
from lesions.serving.sources import list_sources
from lesions.serving.writing import write_csv
from lesions.stage.failure import one_paragraph_errors
from lesions.stage.tables import print_table

SOME_REFUSED, NOTHING_DONE = 3, 2
"""Exit codes."""

MAX_IN_TABLE = 1000
"""After this many rows on a terminal, another table begins."""


def predict(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Image files; folders, with all below them; tables (.csv, .tsv) with a column file or path, "
            "relative to the table; - for standard input, with a path on each line.",
        ),
    ],
    model: Annotated[Path, typer.Option(help="The exported model, model.onnx.")],
    output: Annotated[
        Path | None, typer.Option(help="Written: .csv, .jsonl or .parquet. By default a table, or CSV to a pipe.")
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            help="Answer for each lesion or patient too: a column of the tables, or folder for those of the files."
        ),
    ] = None,
    explain: Annotated[
        Path | None, typer.Option(help="Written: a folder with each image, in yellow what speaks for its diagnosis.")
    ] = None,
    dicom_sr: Annotated[
        Path | None,
        typer.Option(
            help="Written: a folder with a DICOM Structured Report for each DICOM file; needs lesions\\[dicom]."
        ),
    ] = None,
    fhir: Annotated[
        Path | None, typer.Option(help="Written: a folder with a FHIR R4 DiagnosticReport for each image.")
    ] = None,
    keep_identifiers: Annotated[
        bool, typer.Option("--keep-identifiers", help="The reports name the patient, the study and the image.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a run that was stopped.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many threads decode; by default one for each processor.")
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="The model abstains below this probability; by default as it was exported."),
    ] = None,
) -> None:
    """Predict images with an exported model.

    Exit code: 0 if all images were read, 3 if some were refused, 2 if nothing was done or all were refused.
    """
    os.chdir(context.obj or ".")  # the program entered the project's folder; paths are typed from the former one
    with one_paragraph_errors(NOTHING_DONE):
        if output is None:
            check_shown(group_by, resume=resume)
        else:
            check_outputs(output, group_by, sources)
        loaded = load_model(model)
        rules = loaded.build_rules(min_confidence)
        listed = list_sources(sources, group_by=group_by, standard_input=sys.stdin.buffer)
        reports = Reports(dicom_sr, fhir, keep_identifiers)
        job = Job(loaded, rules, listed, group_by=group_by, explain=explain, num_workers=workers, reports=reports)
        if output is None:
            job.check(continues=False)
            rows, first = None, 0
        else:
            rows, first = context.with_resource(open_rows(job, output, resume=resume))
    for note in listed.notes:
        print(make_printable(note), file=sys.stderr)
    summary = show(job) if output is None or rows is None else predict_to_files(job, output, rows, first)
    for line in (summary.describe(), *reports.describe()):
        print(make_printable(line), file=sys.stderr)
    if summary.num_refused:
        raise typer.Exit(NOTHING_DONE if summary.num_refused == len(listed.files) else SOME_REFUSED)


def check_shown(group_by: str | None, *, resume: bool) -> None:
    """Raise InputError if what is asked for needs an output file."""
    if resume:
        raise InputError("--resume: only a run with --output can be resumed, which keeps its rows beside it")
    if group_by is not None and not sys.stdout.isatty():
        raise InputError("--group-by: gives a second table; name an --output")


def show(job: Job) -> Summary:
    """Print the rows: as tables on a terminal, otherwise as CSV."""
    summary = Summary(job)
    rows, class_names = summary.count(job.answer()), job.rules.manifest.class_names
    if not sys.stdout.isatty():
        sys.stdout.flush()
        write_csv(sys.stdout.buffer, rows, class_names)
        return summary
    while some := list(islice(rows, MAX_IN_TABLE)):
        print_table(build_table("file", some))
    if job.group_by is not None:
        print_table(build_table("group", summary.list_groups()))
    return summary


def build_table(name: str, rows: Iterable[Row]) -> Table:
    """Return the table of images, or that of groups, whose names are in the column `name`."""
    table = Table(Column(name, no_wrap=True), "status", "diagnosis", "probability", "malignancy")
    for row in rows:
        probability = row["probabilities"].get(row["diagnosis"])
        diagnosis = f"{row['diagnosis']}{' (abstains)' * row['abstains']}" if row["diagnosis"] else ""
        malignancy = _spell(row["malignancy"]) + " (malignant)" * bool(row["is_called_malignant"])
        status = f"{row['status']}: {row['reason']}" if row.get("reason") else row["status"]
        cells = (make_printable(row[name]), make_printable(status), diagnosis, _spell(probability), malignancy)
        table.add_row(*map(escape, cells))
    return table


def _spell(probability: float | None) -> str:
    return "" if probability is None else f"{probability:.3f}"
