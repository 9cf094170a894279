"""The records of a dataset from its tables alone, for where its images are not at hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lesions.datasets.adapter import Adapter
from lesions.datasets.identifiers import unify_identifiers
from lesions.datasets.joined_tables import join_tables, list_table_notes, read_tables
from lesions.datasets.refusals import RefusedError, list_reasons
from lesions.datasets.repeated import find_repeated
from lesions.datasets.rows import choose_naming
from lesions.datasets.validation import check_selections, read_record
from lesions.errors import InputError
from lesions.tables.record import Record


@dataclass(frozen=True)
class RecordTable:
    """The records of a dataset.

    Attributes
    ----------
    records : (N, ...)
        The fields of `Record`, one row per image; images without a diagnosis are among them.
    notes
        What was guessed, passed over and refused in the tables, in words.
    """

    records: pd.DataFrame
    notes: list[str]


def read_record_table(tables: Sequence[Path], adapter: Adapter) -> RecordTable:
    """Read the records of a dataset from its tables.

    Parameters
    ----------
    tables
        The dataset's tables, in the order of `adapter.tables`.

    Raises
    ------
    InputError
        If a table is missing, has no rows or lacks a column, or if no row can be used.
    """
    read, source = read_tables(tables, adapter), tables[0]
    cells = read[source].cells
    to_image_id = choose_naming(cells[adapter.id_column])
    cells = cells.assign(**{adapter.id_column: cells[adapter.id_column].map(to_image_id)})
    cells = join_tables(cells, source, read, adapter, to_image_id=to_image_id)
    cells, _ = unify_identifiers(cells, adapter, join=False)
    repeated = find_repeated(cells, adapter)
    records, unused = [], []
    for line, row in zip(cells.index, cells.to_dict("records"), strict=True):
        image_id = row[adapter.id_column]
        try:
            check_selections(row, adapter)
            record = read_record(row, adapter)
            if image_id in repeated:
                repeated[image_id].check(line)
            records.append(record.model_dump())
        except RefusedError as error:
            unused.append({"line": line, "image_id": image_id, **error.details})
    reasons = list_reasons(unused)
    if not records:
        raise InputError("\n  ".join([f"{source}: no row can be used:", *reasons]))
    return RecordTable(
        pd.DataFrame(records, columns=list(Record.model_fields)),
        list_table_notes(read) + [f"{source.name}: {one}" for one in reasons],
    )


def list_words(adapter: Adapter) -> dict[str, str]:
    """Return the diagnosis that each of the dataset's words for one stands for, and each diagnosis for itself."""
    values = adapter.columns["diagnosis"].values
    return {**values, **{word.casefold(): value for word, value in values.items()}, **{v: v for v in values.values()}}
