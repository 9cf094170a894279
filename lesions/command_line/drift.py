"""`lesions drift`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from lesions.command_line.options import find_typed
from lesions.drift.attributes import read_attributes
from lesions.drift.findings import Findings, compare_sets, describe_findings, write_findings
from lesions.drift.image_set import PROPERTIES, measure_files, measure_reference
from lesions.drift.page import write_page
from lesions.formats.printable import make_printable
from lesions.hardware.processors import count_processors
from lesions.serving.model import load_model
from lesions.serving.sources import STANDARD_INPUT, list_sources
from lesions.stage.failure import one_paragraph_errors
from lesions.stage.tables import print_table

FOUND, NOTHING_DONE = 3, 2
"""Exit codes."""

MOST_NAMED = 10
"""Refused files that are named on the terminal."""


def drift(
    new: Annotated[
        Path,
        typer.Argument(
            metavar="NEW",
            callback=find_typed,
            help="The new images: a folder, with all below it; a table (.csv, .tsv) with a column file or path, "
            "relative to the table, and age_years, sex and site where known; or - for paths on standard input.",
        ),
    ],
    model: Annotated[Path, typer.Option(help="The exported model, model.onnx.", callback=find_typed)],
    reference: Annotated[
        Path, typer.Option(help="The folder data of the run that made the model.", callback=find_typed)
    ] = Path("data"),
    output: Annotated[
        Path, typer.Option(help="Written: a folder with index.html and drift.json.", callback=find_typed)
    ] = Path("report/drift"),
    group_by: Annotated[
        str | None,
        typer.Option(help="Which new images are of one patient or lesion: a column of the table, or folder."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many threads decode; by default one for each processor.")
    ] = None,
) -> None:
    """Say whether new images look like those that a model was made from: what it sees, colours, sizes, patients.

    Exit code: 0 if no drift was found, 3 if some was, 2 if nothing was compared.
    """
    with one_paragraph_errors(NOTHING_DONE):
        source = STANDARD_INPUT if new.name == STANDARD_INPUT else str(new)
        listed = list_sources([source], group_by=group_by, standard_input=sys.stdin.buffer)
        files = listed.files
        if source == STANDARD_INPUT:  # its paths are typed from where the program was called, as `-` was
            files = [each._replace(path=os.path.join(new.parent, each.path)) for each in files]  # noqa: PTH118
        attributes = read_attributes(source, files)
        loaded = load_model(model)
        known = measure_reference(reference, loaded)
        measured = measure_files(files, attributes, loaded, num_workers=workers or count_processors())
        findings = compare_sets(loaded.id, known, measured, is_grouped=group_by is not None)
        output.mkdir(parents=True, exist_ok=True)
        write_findings(output / "drift.json", findings)
        write_page(output / "index.html", findings)
    for note in listed.notes:
        print(make_printable(note))
    for file, reason in [*measured.refused.items()][:MOST_NAMED]:
        print(make_printable(f"refused: {file}: {reason}"))
    print_table(_build_table(findings))
    for line in describe_findings(findings):
        print(make_printable(line))
    print(f"{output / 'index.html'} has pictures, {output / 'drift.json'} all numbers")
    raise typer.Exit(FOUND if findings.found else 0)


def _build_table(findings: Findings) -> Table:
    table = Table(Column("property", no_wrap=True), "distance", "95 % interval", "by chance", "p (Holm)", "drift")
    for name, each in findings.differences.items():
        interval = f"{each.low:.3f} to {each.high:.3f}"
        verdict = "found" if each.is_found else ""
        cells = (f"{each.distance:.3f}", interval, f"{each.by_chance:.3f}", f"{each.p_holm:.3f}", verdict)
        table.add_row(PROPERTIES[name], *cells)
    return table
