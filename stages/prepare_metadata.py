"""Bring the dataset's table into one validated row an image, and say what was refused, and why."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from pydantic import ValidationError

from lesions.command_line.stage import run_stage
from lesions.datasets.adapter import Adapter
from lesions.datasets.metadata import COLUMNS
from lesions.datasets.record import Record
from lesions.datasets.refusals import REJECTED_COLUMNS, RefusedError, explain, list_reasons
from lesions.datasets.registry import ADAPTERS, DatasetParameters
from lesions.errors import InputError
from lesions.formats.json_file import write_metrics
from lesions.formats.table import read_text_table, write_table
from lesions.images.files import image_name
from lesions.images.index import read_index
from lesions.parameters.section import read_section


def main(
    root: Annotated[Path, typer.Option(help="Folder of the dataset, in its published layout.")],
    index: Annotated[Path, typer.Option(help="What each image file was, from cache_images.")],
    metadata: Annotated[Path, typer.Option(help="Written: one validated row an image.")],
    rejected: Annotated[Path, typer.Option(help="Written: what was refused, and why.")],
    metrics: Annotated[Path, typer.Option(help="Written: counts of images, lesions, patients.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Validate every row of the dataset's table against its image."""
    parameters = read_section(params, "dataset", DatasetParameters)
    adapter = ADAPTERS[parameters.name]
    source = root / adapter.table
    table = read_text_table(source, adapter.needed_columns)
    if table.empty:
        raise InputError(f"{source}: the table has no rows")
    images = read_index(index)
    name = adapter.columns["image_id"].name
    table[name] = table[name].str.strip().map(image_name)
    rows, refusals = sort_out(table, adapter, images)

    write_table(rejected, pd.DataFrame(refusals, columns=REJECTED_COLUMNS), sort_by="line")
    if len(refusals) > parameters.max_rejected_fraction * len(table) or not rows:
        raise InputError(explain(refusals, len(table), source, rejected, parameters.max_rejected_fraction))
    valid = pd.DataFrame(rows, columns=COLUMNS).assign(source=parameters.name)
    valid = valid.astype({"row": int, "fitzpatrick_type": "Int64"})
    write_table(metadata, valid, sort_by="image_id")
    unlisted = set(images.file.map(image_name)) - set(table[name])
    write_metrics(metrics, count(valid, num_rejected=len(refusals), num_unlisted_files=len(unlisted)))
    if refusals:
        print("\n  ".join(["refused:", *list_reasons(refusals)]))
    dropped = {refusal["image_id"] for refusal in refusals}
    for word, part in table.groupby(adapter.columns["diagnosis"].name)[name]:
        if set(part) <= dropped:
            print(f"no image is left of the diagnosis {word!r}, which is in {len(part)} rows")
    print(
        f"{len(valid)} images accepted, {len(refusals)} rows refused (see {rejected}), "
        f"{len(unlisted)} image files are in no row of the table"
    )


def sort_out(
    table: pd.DataFrame, adapter: Adapter, images: pd.DataFrame
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Part the table into valid rows, with their images' properties, and refused ones."""
    name = adapter.columns["image_id"].name
    files: dict[str, list[dict[Any, Any]]] = defaultdict(list)
    for image in images.to_dict("records"):
        files[image_name(image["file"])].append(image)
    first_line: dict[str, int] = {}
    rows, refusals = [], []
    # Lines count from 1, and the first is the header.
    for line, cells in zip(table.index + 2, table.to_dict("records"), strict=True):
        image_id = cells[name]
        try:
            record = read_record(cells, adapter)
            if first_line.setdefault(image_id, line) != line:
                raise RefusedError(name, image_id, f"is already in line {first_line[image_id]}")
            rows.append(record.model_dump() | find_image(image_id, files[image_id], name))
        except RefusedError as error:
            refusals.append({"line": line, "image_id": image_id, **error.details})
    return rows, refusals


def read_record(cells: Mapping[Any, str], adapter: Adapter) -> Record:
    """Translate one row of the table; a cell that does not fit raises RefusedError."""
    values: dict[str, str | None] = dict.fromkeys(Record.model_fields)
    for field, column in adapter.columns.items():
        if column.name in cells:
            try:
                values[field] = column.read(cells)
            except ValueError as error:
                raise RefusedError(column.name, cells[column.name], str(error)) from error
    try:
        return Record.model_validate(values)
    except ValidationError as error:
        details = error.errors()[0]
        field = str(*details["loc"])
        reasons = {"float_parsing": "is not a number (an empty cell says that it is not known)"}
        reason = "is missing" if values[field] is None else reasons.get(details["type"], details["msg"])
        name = adapter.columns[field].name
        raise RefusedError(name, cells[name], reason) from error


def find_image(image_id: str, found: list[dict[Any, Any]], column: str) -> dict[str, Any]:
    """Return the properties of the image of that name; none, two, or a broken one raises RefusedError."""
    if len(found) != 1:
        raise RefusedError(column, image_id, f"has {len(found)} image files" if found else "has no image file")
    image = dict(found[0])
    error = image.pop("error")
    if pd.isna(image["row"]):
        raise RefusedError("file", image["file"], error)
    return image


def count(metadata: pd.DataFrame, *, num_rejected: int, num_unlisted_files: int) -> dict[str, Any]:
    """Count what the dataset holds."""
    return {
        "num_images": len(metadata),
        "num_lesions": int(metadata.lesion_id.nunique()),
        "num_patients": int(metadata.patient_id.nunique()),
        "num_lesions_of_several_patients": int((metadata.groupby("lesion_id").patient_id.nunique() > 1).sum()),
        "num_rejected": num_rejected,
        "num_unlisted_files": num_unlisted_files,
    }


if __name__ == "__main__":
    run_stage(main)
