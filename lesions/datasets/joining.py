"""Joining the rows of all datasets into one table."""

from collections.abc import Sequence

import pandas as pd

from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.reading import Reading, Unused
from lesions.datasets.refusals import LEFT_OUT, LeftOutError
from lesions.datasets.shared_identifiers import unify_shared
from lesions.datasets.subgroups import check_subgroups
from lesions.datasets.used_diagnoses import choose_used
from lesions.errors import InputError
from lesions.tables.task import MALIGNANCY, TaskParameters


def join_readings(
    readings: Sequence[Reading], parameters: DatasetParameters, task: TaskParameters
) -> tuple[pd.DataFrame, Unused]:
    """Join the rows of all datasets, and leave out those whose diagnosis the parameters exclude.

    `dataset.diagnoses` excludes diagnoses, and so does the task malignancy, if they are neither malignant nor benign.

    Returns
    -------
    table
        The rows that are used, with `source`.
    unused
        What each dataset does not use, and the rows whose diagnosis is excluded.

    Raises
    ------
    InputError
        If identifiers of datasets with the same patients may be one in two spellings, subgroups of one's own have too
        many values, a listed diagnosis has no image, no diagnosis is left, or the section `task` does not say whether
        one is malignant.
    """
    table = unify_shared(pd.concat([reading.table for reading in readings], ignore_index=True), parameters)
    check_subgroups(table, parameters)
    trained, is_trained = ", ".join(parameters.names), table.source.isin(parameters.names)
    by_malignancy = task.name == MALIGNANCY
    is_asked = choose_used(table, parameters.names, parameters.diagnoses, by_malignancy=by_malignancy)
    if not (is_asked & is_trained).any():
        raise InputError(f"dataset.diagnoses: {trained} share no diagnosis, or have none of those that are listed")
    task.check_sides(table.diagnosis[is_asked])
    has_class = ~table.diagnosis.isin(task.neither if by_malignancy else ())
    if not (is_asked & has_class & is_trained).any():
        raise InputError(
            f"task.neither: all images of {trained} have diagnoses that are neither malignant nor benign"
        )
    unused = [row for reading in readings for row in reading.unused]
    unused += _leave_out(table[~is_asked], "diagnosis_not_used")
    unused += _leave_out(table[is_asked & ~has_class], "neither")
    return table[is_asked & has_class], unused


def _leave_out(rows: pd.DataFrame, why: str) -> Unused:
    return [
        {"source": source, "line": line, "image_id": image_id}
        | LeftOutError("diagnosis", diagnosis, LEFT_OUT[why], why=why).details
        for source, line, image_id, diagnosis in zip(
            rows.source, rows.line, rows.image_id, rows.diagnosis, strict=True
        )
    ]
