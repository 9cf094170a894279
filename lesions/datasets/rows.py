"""The rows of a dataset, joined from its tables or listed from its folders, with every cell as it is in the file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lesions.datasets.adapter import Adapter
from lesions.datasets.own_data import FOLDER
from lesions.errors import InputError, quote_value
from lesions.formats.table import TextTable, check_columns, read_text_table
from lesions.images.files import image_name, strip_suffix

PUBLISHED_SPLIT = "(published split)"
"""Column of the list of files: train or test, if the diagnosis's folder is in a folder of that name."""


@dataclass(frozen=True)
class Rows:
    """All rows of a dataset.

    Attributes
    ----------
    source
        The table or the folder that they come from.
    cells : (N, ...) text
        The columns of the adapter, indexed by line of the table, or by number of the file. NaN if the table that the
        column comes from has no row for the image.
    to_image_id
        Returns the `image_id` of a file, given its path relative to the dataset's folder.
    notes
        What was guessed in the tables and what was passed over, in words.
    """

    source: Path
    cells: pd.DataFrame
    to_image_id: Callable[[str], str]
    notes: list[str]


def read_rows(root: Path, adapter: Adapter, files: Sequence[str]) -> Rows:
    """Read all rows of a dataset; `files` are its image files, relative to its folder `root`.

    Raises
    ------
    InputError
        If a table is missing, has no rows or lacks a column, if two tables have the same column, or if a joined table
        names an image twice.
    """
    tables = {root / table: read_adapter_table(root / table, adapter) for table in adapter.tables}
    if adapter.classes_are_folders:
        source, cells, joined = root, list_folders(files, adapter.id_column), list(tables)
    else:
        source, *joined = tables
        cells = tables[source].cells
    if cells.empty:
        raise InputError(f"{source}: the table has no rows")
    to_image_id = strip_suffix if adapter.classes_are_folders else choose_naming(cells[adapter.id_column])
    cells = cells.assign(**{adapter.id_column: cells[adapter.id_column].map(to_image_id)})
    for path in joined:
        cells = join_table(cells, path, tables[path].cells, adapter.id_column, to_image_id=to_image_id)
    check_columns(
        next(iter(tables), root),
        list(map(str, cells)),
        adapter.needed_columns,
        names=[name for table in tables.values() for name in table.names],
        named_by=adapter.column_parameters,
    )
    notes = [f"{path.name}: {note}" for path, table in tables.items() for note in table.notes]
    return Rows(source, cells, to_image_id, notes)


def read_adapter_table(path: Path, adapter: Adapter) -> TextTable:
    """Read one table of a dataset: the column that names the image, and all others of the adapter that are there."""
    wanted = dict.fromkeys(name for column in adapter.columns.values() for name in column.needed)
    wanted.pop(adapter.id_column)
    return read_text_table(path, [adapter.id_column], optional=wanted, named_by=adapter.column_parameters)


def choose_naming(files: pd.Series) -> Callable[[str], str]:
    """Return the function that makes an `image_id` of a path: with folders only if file names alone are not unique.

    Parameters
    ----------
    files : (N,) text
        The cells that name the images.
    """
    return strip_suffix if files.map(strip_suffix).nunique() > files.map(image_name).nunique() else image_name


def list_folders(files: Sequence[str], id_column: str) -> pd.DataFrame:
    """Return one row per file, with the folder that is its diagnosis; files outside such folders are skipped."""
    rows = []
    for file in files:
        *folders, _ = file.split("/")
        published = folders[0].lower() if folders and folders[0].lower() in ("train", "test") else ""
        if published:
            folders = folders[1:]
        if folders:
            rows.append({id_column: file, FOLDER: folders[0], PUBLISHED_SPLIT: published})
    cells = pd.DataFrame(rows, columns=[id_column, FOLDER, PUBLISHED_SPLIT], dtype=str)
    cells.index += 1
    return cells


def join_table(
    cells: pd.DataFrame, path: Path, table: pd.DataFrame, id_column: str, *, to_image_id: Callable[[str], str]
) -> pd.DataFrame:
    """Add the columns of another table about the same images, joined by its column of the same name.

    A table about images in folders may name files without their folders, if these names are unique.

    Parameters
    ----------
    path
        The file of `table`.

    Raises
    ------
    InputError
        If a column is in both, or `table` names an image twice.
    """
    both = [column for column in table if column in cells and column != id_column]
    if both:
        raise InputError(
            f"{path}: the column {both[0]} is also in another table of the dataset; remove one of the two"
        )
    keys = table[id_column].map(to_image_id)
    bare = cells[id_column].map(image_name)
    if not keys.isin(cells[id_column]).any() and not bare.duplicated().any():
        keys, ids = keys.map(image_name), bare
    else:
        ids = cells[id_column]
    twice = keys[keys.duplicated() & keys.isin(ids)]
    if len(twice):
        raise InputError(f"{path}, line {twice.index[0]}: the image {quote_value(twice.iloc[0])} is named twice")
    added = table.drop(columns=id_column).set_axis(keys)
    return cells.join(added[~added.index.duplicated()].reindex(ids).set_axis(cells.index))
