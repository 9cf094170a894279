"""Bring the datasets' tables into one validated row an image, and say what was refused, and why."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from lesions.command_line.stage import run_stage
from lesions.datasets.adapter import Adapter
from lesions.datasets.metadata import COLUMNS, IDENTIFIERS
from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.refusals import REJECTED_COLUMNS, explain, list_reasons
from lesions.datasets.registry import build_adapter
from lesions.datasets.rows import read_rows
from lesions.datasets.validation import choose_diagnoses, validate_rows
from lesions.errors import InputError
from lesions.formats.json_file import write_metrics
from lesions.formats.table import write_table
from lesions.images.index import read_index
from lesions.parameters.section import read_section


def main(
    root: Annotated[Path, typer.Option(help="Folder of the dataset, in its published layout, or of several.")],
    index: Annotated[Path, typer.Option(help="What each image file was, from cache_images.")],
    metadata: Annotated[Path, typer.Option(help="Written: one validated row an image.")],
    rejected: Annotated[Path, typer.Option(help="Written: what was refused or left out, and why.")],
    metrics: Annotated[Path, typer.Option(help="Written: counts of images, lesions, patients.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Validate every row of the datasets' tables against its image."""
    parameters = read_section(params, "dataset", DatasetParameters)
    images = read_index(index)
    tables: list[pd.DataFrame] = []
    unused: list[dict[str, Any]] = []
    num_unlisted = 0
    for name, folder in zip(parameters.all_names, parameters.folders, strict=True):
        adapter, own = build_adapter(name, parameters), select_folder(images, folder)
        rows = read_rows(root / folder, adapter, list(own.file))
        valid, found = validate_rows(rows, adapter, own, root / folder)
        unused += [{"source": name, **row} for row in found]
        write_table(rejected, pd.DataFrame(unused, columns=REJECTED_COLUMNS), sort_by="line")
        refused = [row for row in found if row["kind"] == "refused"]
        if len(refused) > parameters.max_rejected_fraction * len(rows.cells):
            raise InputError(
                explain(refused, len(rows.cells), rows.source, rejected, parameters.max_rejected_fraction)
            )
        if not valid:
            raise InputError("\n  ".join([f"{rows.source}: no row can be used:", *list_reasons(found)]))
        report_lost_diagnoses(rows.cells, adapter, {row["image_id"] for row in valid})
        tables.append(pd.DataFrame(valid).assign(source=name).pipe(place_in_folder, folder))
        num_unlisted += len(set(own.file.map(rows.name)) - set(rows.cells[adapter.id_column]))

    table = pd.concat(tables, ignore_index=True)
    is_used = table.diagnosis.isin(choose_diagnoses(table, parameters.names, parameters.diagnoses))
    about = {"column": "diagnosis", "kind": "left_out", "reason": "this diagnosis is not used (dataset.diagnoses)"}
    for source, line, image_id, diagnosis in table.loc[
        ~is_used, ["source", "line", "image_id", "diagnosis"]
    ].itertuples(index=False):
        unused.append({"source": source, "line": line, "image_id": image_id, "value": diagnosis, **about})
    write_table(rejected, pd.DataFrame(unused, columns=REJECTED_COLUMNS), sort_by="line")
    if not is_used.any():
        raise InputError(f"dataset.diagnoses: {', '.join(parameters.names)} share no diagnosis")
    valid_table = table.loc[is_used, COLUMNS].astype({"row": int, "fitzpatrick_type": "Int64"})
    write_table(metadata, valid_table, sort_by="image_id")

    counts = count(valid_table, pd.Series([row["kind"] for row in unused], dtype=str), num_unlisted)
    write_metrics(metrics, counts)
    for kind, words in (("refused", "refused"), ("left_out", "left out")):
        of_kind = [row for row in unused if row["kind"] == kind]
        if of_kind:
            print("\n  ".join([f"{words}:", *list_reasons(of_kind)]))
    print(
        f"{len(valid_table)} images accepted, {counts['num_rejected']} rows refused and {counts['num_left_out']} "
        f"left out (see {rejected}), {num_unlisted} image files are in no row of a table"
    )


def select_folder(images: pd.DataFrame, folder: str) -> pd.DataFrame:
    """Return the images below a folder of the root, their files relative to it."""
    if folder == ".":
        return images
    own = images[images.file.str.startswith(f"{folder}/")]
    return own.assign(file=own.file.str.removeprefix(f"{folder}/"))


def place_in_folder(table: pd.DataFrame, folder: str) -> pd.DataFrame:
    """Say of files and identifiers of which dataset they are, so that those of two cannot be taken for one."""
    if folder == ".":
        return table
    return table.assign(**{column: f"{folder}/" + table[column] for column in ("file", *IDENTIFIERS)})


def report_lost_diagnoses(cells: pd.DataFrame, adapter: Adapter, used: set[str]) -> None:
    """Say which words of the table for a diagnosis have lost all their images."""
    column = adapter.columns["diagnosis"]
    words = cells[list(column.needed)].astype(str).apply(lambda row: column.quote(row.to_dict()), axis=1)
    for word, part in cells.groupby(words)[adapter.id_column]:
        if not set(part) & used:
            print(f"no image is left of the diagnosis {word!r}, which is in {len(part)} rows")


def count(metadata: pd.DataFrame, kinds: pd.Series, num_unlisted_files: int) -> dict[str, Any]:
    """Count what the datasets hold; `kinds` (M,) says of what is not used whether it was refused or left out."""
    return {
        "num_images": len(metadata),
        "num_images_by_source": {str(name): int(found) for name, found in metadata.source.value_counts().items()},
        "num_lesions": int(metadata.lesion_id.nunique()),
        "num_patients": int(metadata.patient_id.nunique()),
        "num_lesions_of_several_patients": int((metadata.groupby("lesion_id").patient_id.nunique() > 1).sum()),
        "num_rejected": int((kinds == "refused").sum()),
        "num_left_out": int((kinds == "left_out").sum()),
        "num_unlisted_files": num_unlisted_files,
    }


if __name__ == "__main__":
    run_stage(main)
