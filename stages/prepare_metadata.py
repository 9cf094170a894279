"""Merge the datasets' tables into one validated row per image, and list what is not used, and why."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.reading import Reading, Unused, join_readings, read_dataset
from lesions.datasets.refusals import list_reasons, write_rejected
from lesions.formats.json_file import write_metrics
from lesions.formats.table import write_table
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.index import read_index
from lesions.tables.metadata import COLUMNS
from lesions.tables.task import MALIGNANCY, TaskParameters


def main(
    root: Annotated[
        Path, typer.Option(help="The dataset's folder, in its published layout; of several, their parent.")
    ],
    index: Annotated[Path, typer.Option(help="What cache_images read from each image file.")],
    metadata: Annotated[Path, typer.Option(help="Written: one validated row per image.")],
    rejected: Annotated[Path, typer.Option(help="Written: what is not used, and why.")],
    metrics: Annotated[Path, typer.Option(help="Written: counts of images, lesions and patients.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Validate each row of the datasets' tables, and its image."""
    parameters = read_section(params, "dataset", DatasetParameters)
    images = read_index(index)
    readings: list[Reading] = []
    for name in parameters.all_names:
        readings.append(read_dataset(root, name, parameters, images=images))
        write_rejected(rejected, [row for reading in readings for row in reading.unused])
        readings[-1].check_enough_are_left(parameters.max_rejected_fraction, rejected)
        for word, num_rows in readings[-1].lost.items():
            print(f"no image is left of the diagnosis {word!r}, which is in {num_rows} rows")
        if passed_over := readings[-1].describe_files():
            print("\n  ".join([f"passed over in {name}:", *passed_over]))

    # The task decides only which external images are used, never which are trained on.
    by_malignancy = bool(parameters.external) and read_section(params, "task", TaskParameters).name == MALIGNANCY
    table, unused = join_readings(readings, parameters, by_malignancy=by_malignancy)
    write_rejected(rejected, unused)
    valid_table = table[COLUMNS].astype({"row": int, "fitzpatrick_type": "Int64"})
    write_table(metadata, valid_table, sort_by="image_id")

    counts = count_rows(valid_table, unused)
    write_metrics(metrics, counts)
    for kind, words in (("refused", "refused"), ("left_out", "left out")):
        of_kind = [row for row in unused if row["kind"] == kind]
        if of_kind:
            print("\n  ".join([f"{words}:", *list_reasons(of_kind)]))
    print(
        f"{len(valid_table)} images accepted, {counts['num_rejected']} rows refused and {counts['num_left_out']} "
        f"left out, {counts['num_unlisted_files']} image files that no table lists and "
        f"{counts['num_passed_over_files']} passed over (see {rejected})"
    )


def count_rows(metadata: pd.DataFrame, unused: Unused) -> dict[str, Any]:
    """Count what is used, and what is not."""
    kinds = Counter(row["kind"] for row in unused)
    passed_over = Counter(row["reason"] for row in unused if row["kind"] == "passed_over")
    return {
        "num_images": len(metadata),
        "num_images_by_source": {
            str(source): int(number) for source, number in metadata.source.value_counts().items()
        },
        "num_lesions": int(metadata.lesion_id.nunique()),
        "num_patients": int(metadata.patient_id.nunique()),
        "num_lesions_of_several_patients": int((metadata.groupby("lesion_id").patient_id.nunique() > 1).sum()),
        "num_rejected": kinds["refused"],
        "num_left_out": kinds["left_out"],
        "num_unlisted_files": kinds["unlisted"],
        "num_passed_over_files": kinds["passed_over"],
        "num_passed_over_files_by_reason": dict(passed_over),
    }


if __name__ == "__main__":
    run_stage(main)
