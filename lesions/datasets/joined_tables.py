"""The tables of a dataset: reading them, and joining them to the rows of the first, or to those of its folders."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from lesions.datasets.adapter import Adapter
from lesions.datasets.hierarchy import Hierarchy
from lesions.errors import InputError, quote_value
from lesions.formats.header import check_columns, list_names
from lesions.images.files import image_name
from lesions.tables.csv_table import TextTable, read_text_table

Tables = Mapping[Path, TextTable]
"""The tables of a dataset by their files, in the order of `Adapter.tables`."""


def read_tables(paths: Sequence[Path], adapter: Adapter) -> Tables:
    """Read the tables of a dataset: the column by which each is joined, and all others of the adapter that are there.

    Parameters
    ----------
    paths
        Their files, in the order of `adapter.tables`.
    """
    tables = {}
    for path, key in zip(paths, _list_keys(adapter), strict=True):
        by = key or adapter.id_column
        wanted = [name for name in adapter.read_columns if name != by]
        tables[path] = read_text_table(path, [by], optional=wanted, named_by=adapter.column_parameters)
    return tables


def join_tables(
    cells: pd.DataFrame, source: Path, tables: Tables, adapter: Adapter, *, to_image_id: Callable[[str], str]
) -> pd.DataFrame:
    """Join the tables to a dataset's rows, and check that no column is missing.

    Parameters
    ----------
    cells
        The rows: of the first table, or one per image where classes are folders.
    source
        The first table, or the folder if there is none, for messages.
    to_image_id
        Returns the `image_id` of a file.

    Raises
    ------
    InputError
        If a column is missing or in two tables, or if a joined table names an image, or a lesion, twice.
    """
    joined = [*zip(tables.items(), _list_keys(adapter), strict=True)]
    for (path, table), key in joined if adapter.classes_are_folders else joined[1:]:
        cells = _join_table(cells, path, table.cells, adapter.id_column, to_image_id=to_image_id, key=key)
    names = [name for table in tables.values() for name in table.names]
    needed, named_by = adapter.needed_columns, adapter.column_parameters
    check_columns(source, list(map(str, cells)), needed, names=names, named_by=named_by)
    return _complete_hierarchies(source, cells, adapter, names=names)


def list_table_notes(tables: Tables) -> list[str]:
    """Return what was guessed in the tables and what was passed over, in words."""
    return [f"{path.name}: {note}" for path, table in tables.items() for note in table.notes]


def _list_keys(adapter: Adapter) -> list[str | None]:
    """Return the column by which each table is joined; None for that of the image."""
    return [adapter.joined_by.get(table) for table in adapter.tables]


def _complete_hierarchies(path: Path, cells: pd.DataFrame, adapter: Adapter, *, names: Sequence[str]) -> pd.DataFrame:
    """Add the columns of hierarchies that a table lacks, as empty ones.

    Parameters
    ----------
    path, names
        The table and the names of all its columns, for messages.

    Raises
    ------
    InputError
        If a table has no column of a hierarchy that is needed.
    """
    for name, column in adapter.columns.items():
        if isinstance(column, Hierarchy) and set(column.names) & set(cells):
            cells = cells.assign(**{level: "" for level in column.names if level not in cells})
        elif isinstance(column, Hierarchy) and name not in adapter.optional:
            raise InputError(
                f"{path}: none of the columns {', '.join(column.names)} is there; found {list_names(names)}"
            )
    return cells


def _join_table(
    cells: pd.DataFrame,
    path: Path,
    table: pd.DataFrame,
    id_column: str,
    *,
    to_image_id: Callable[[str], str],
    key: str | None = None,
) -> pd.DataFrame:
    """Add the columns of another table about the same images or lesions, joined by its column of the same name.

    A table about images in folders may name files without their folders, if these names are unique.

    Parameters
    ----------
    path
        The file of `table`.
    key
        The column by which it is joined, if it is not the one that names the image.

    Raises
    ------
    InputError
        If a column is in both, if `cells` lack the column, or if `table` names an image, or a lesion, twice.
    """
    by = key or id_column
    check_columns(path, list(map(str, cells)), [by], names=list(map(str, cells)), named_by={})
    both = [column for column in table if column in cells and column != by]
    if both:
        raise InputError(
            f"{path}: the column {both[0]} is also in another table of the dataset; remove one of the two"
        )
    if key is None:
        keys, ids = table[by].map(to_image_id), cells[by]
        bare = ids.map(image_name)
        if not keys.isin(ids).any() and not bare.duplicated().any():
            keys, ids = keys.map(image_name), bare
    else:
        keys, ids = table[by].str.strip(), cells[by].str.strip()
    twice = keys[keys.duplicated() & keys.isin(ids)]
    if len(twice):
        named = "image" if key is None else key
        raise InputError(f"{path}, line {twice.index[0]}: the {named} {quote_value(twice.iloc[0])} is named twice")
    added = table.drop(columns=by).set_axis(keys)
    return cells.join(added[~added.index.duplicated()].reindex(ids).set_axis(cells.index))
