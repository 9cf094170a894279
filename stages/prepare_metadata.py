"""Merge the datasets' tables into one validated row per image, and list what is not used, and why."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from lesions.datasets.identifiers import Identifiers
from lesions.datasets.joining import join_readings
from lesions.datasets.merged_words import count_merged_words, describe_merged_words
from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.reading import Reading, Unused, read_dataset
from lesions.datasets.refusals import LEFT_OUT, list_reasons, write_rejected
from lesions.datasets.shared_identifiers import Shared, find_shared
from lesions.datasets.similar_spellings import SimilarIdentifiers
from lesions.errors import quote_value
from lesions.formats.json_file import write_metrics
from lesions.formats.sha256 import hash_file
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.csv_table import write_table
from lesions.tables.groups import GROUPING_IDENTIFIERS
from lesions.tables.index import read_index
from lesions.tables.metadata import COLUMNS, list_subgroup_columns
from lesions.tables.task import TaskParameters


def main(
    index: Annotated[Path, typer.Option(help="What cache_images read from each image file.")],
    metadata: Annotated[Path, typer.Option(help="Written: one validated row per image.")],
    rejected: Annotated[Path, typer.Option(help="Written: what is not used, and why.")],
    metrics: Annotated[Path, typer.Option(help="Written: counts of images, lesions and patients.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Validate each row of the datasets' tables, and its image."""
    parameters = read_section(params, "dataset", DatasetParameters)
    task = read_section(params, "task", TaskParameters)
    images = read_index(index)
    readings: list[Reading] = []
    for name in parameters.all_names:
        readings.append(read_dataset(Path(parameters.root), name, parameters, images=images))
        write_rejected(rejected, [row for reading in readings for row in reading.unused])
        for note in readings[-1].list_notes(parameters.similar_identifiers):
            print(f"{name}: {note}")
        readings[-1].check_identifiers(parameters.similar_identifiers)
        readings[-1].check_enough_are_left(parameters.max_rejected_fraction, rejected)
        for word, num_rows in readings[-1].lost.items():
            print(f"no image is left of the diagnosis {quote_value(word)}, which is in {num_rows} rows")
        if passed_over := readings[-1].describe_files():
            print("\n  ".join([f"passed over in {name}:", *passed_over]))

    shared = find_shared(readings, parameters)
    for found in shared:
        print(found.describe(parameters))
    table, unused = join_readings(readings, parameters, task)
    write_rejected(rejected, unused)
    columns = [*COLUMNS, *list_subgroup_columns(table).values()]
    valid_table = table[columns].astype({"row": int})
    write_table(metadata, valid_table, sort_by="image_id")

    num_rows = sum(len(reading.rows.cells) for reading in readings)
    merged_words = count_merged_words(table)
    counts = {
        "num_rows": num_rows,
        **count_rows(valid_table, unused),
        "identifiers": count_identifiers(readings, parameters.similar_identifiers, shared),
        "merged_words": merged_words,
        "num_images_by_licence": count_licences(table),
        "metadata_sha256": hash_file(metadata),
    }
    write_metrics(metrics, counts)
    for line in describe_merged_words(merged_words):
        print(f"merged: {line}")
    for source, licences in counts["num_images_by_licence"].items():
        print(f"{source}: licences: {', '.join(f'{name} {number:,}' for name, number in licences.items())}")
    if counts["num_lesions_of_several_patients"]:
        print(
            f"lesions that have several patients: {counts['num_lesions_of_several_patients']}; these patients stay "
            "together in the split (dataset.lesions_by_patient is for lesions that are numbered within each patient)"
        )
    for kind, words in (("refused", "refused"), ("left_out", "left out")):
        of_kind = [row for row in unused if row["kind"] == kind]
        if of_kind:
            print("\n  ".join([f"{words}:", *list_reasons(of_kind)]))
    print(
        f"{num_rows} rows: {len(valid_table)} images accepted, {counts['num_rejected']} rows refused and "
        f"{counts['num_left_out']} left out, {counts['num_unlisted_files']} image files that no table lists and "
        f"{counts['num_passed_over_files']} passed over (see {rejected})"
    )


def count_rows(metadata: pd.DataFrame, unused: Unused) -> dict[str, Any]:
    """Count what is used, and what is not, by the reason: the rows used, refused and left out are all rows."""
    kinds = Counter(row["kind"] for row in unused)
    reasons = Counter(row["why"] for row in unused if row["kind"] == "left_out")
    assert set(reasons) <= set(LEFT_OUT)
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
        "num_left_out_by_reason": {why: reasons[why] for why in LEFT_OUT},
        "num_unlisted_files": kinds["unlisted"],
        "num_passed_over_files": kinds["passed_over"],
        "num_passed_over_files_by_reason": dict(passed_over),
    }


def count_licences(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Count the images of each licence, for each dataset whose table states the licence of each image."""
    stated = table[table.licence.notna()].groupby("source").licence
    return {
        str(source): {str(name): int(number) for name, number in licences.value_counts().items()}
        for source, licences in stated
    }


def count_identifiers(
    readings: list[Reading], similar: SimilarIdentifiers, shared: list[Shared]
) -> dict[str, dict[str, int]]:
    """Count the identifiers of each field, over all datasets, that were joined, may be one, or say "not known".

    Those that are in two datasets, and count as different or are kept apart, are counted for each two datasets.
    """
    none = Identifiers("", num_not_known=0, num_joined=0, similar=[])
    counts = {field: Counter(none.count(similar) | {"num_in_two_datasets": 0}) for field in GROUPING_IDENTIFIERS}
    for one in shared:
        if one.use != "same":
            count = "num_in_two_datasets" if one.use == "different" else "num_similar_kept_apart"
            counts[one.field][count] += one.number
    for reading in readings:
        for field, found in reading.identifiers.items():
            counts[field].update(found.count(similar))
    return {field: dict(of_field) for field, of_field in counts.items()}


if __name__ == "__main__":
    run_stage(main)
