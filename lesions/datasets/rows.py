"""The rows of a dataset: its tables, or its folders, brought together, with every cell as it stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lesions.datasets.adapter import Adapter
from lesions.datasets.own_data import FOLDER
from lesions.errors import InputError
from lesions.formats.table import check_columns, read_text_table
from lesions.images.files import image_name, strip_suffix

PUBLISHED_SPLIT = "(published split)"
"""Column of the list of files: train or test, where the folders of the diagnoses lie in folders of that name."""


@dataclass(frozen=True)
class Rows:
    """What a dataset says of its images.

    Attributes
    ----------
    source
        The table, or the folder, that says it.
    cells : (N, ...) text
        By line of the table, counted from 1, its header being line 1; or by number of the file. NaN where the table
        that the column is from has no row for the image.
    name
        Makes a file's path, relative to the folder, into the name that the image goes by here.
    """

    source: Path
    cells: pd.DataFrame
    name: Callable[[str], str]


def read_rows(root: Path, adapter: Adapter, files: Sequence[str]) -> Rows:
    """Read what a dataset says of its images; `files` are those below its folder `root`, relative to it.

    Raises
    ------
    InputError
        If a table is missing, has no rows or lacks a column, or if one that is joined names an image twice.
    """
    if adapter.classes_are_folders:
        source, cells, joined = root, list_folders(files, adapter.id_column), adapter.tables
    else:
        source, joined = root / adapter.tables[0], adapter.tables[1:]
        cells = read_text_table(source, [adapter.id_column], adapter.column_parameters)
        cells.index += 2
    if cells.empty:
        raise InputError(f"{source}: the table has no rows")
    name = strip_suffix if adapter.classes_are_folders else choose_name(cells[adapter.id_column])
    cells[adapter.id_column] = cells[adapter.id_column].map(name)
    for table in joined:
        cells = join_table(cells, root / table, adapter, name)
    check_columns(
        root / adapter.tables[0] if adapter.tables else root, cells, adapter.needed_columns, adapter.column_parameters
    )
    return Rows(source, cells, name)


def choose_name(files: pd.Series) -> Callable[[str], str]:
    """Return how a table's images are named: by their files alone, or with folders where names alone say too little.

    Parameters
    ----------
    files : (N,) text
        The cells that name the images.
    """
    return strip_suffix if files.map(strip_suffix).nunique() > files.map(image_name).nunique() else image_name


def list_folders(files: Sequence[str], id_column: str) -> pd.DataFrame:
    """Return a row a file, with the folder that says its diagnosis; files beside the folders are passed over."""
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


def join_table(cells: pd.DataFrame, path: Path, adapter: Adapter, name: Callable[[str], str]) -> pd.DataFrame:
    """Add the columns of a table that says more of the same images, by its column of the same name.

    A table beside folders may name files without their folders, where that tells them apart.
    """
    id_column = adapter.id_column
    table = read_text_table(path, [id_column], adapter.column_parameters)
    keys = table[id_column].map(name)
    bare = cells[id_column].map(image_name)
    if not keys.isin(cells[id_column]).any() and not bare.duplicated().any():
        keys, ids = keys.map(image_name), bare
    else:
        ids = cells[id_column]
    twice = keys[keys.duplicated() & keys.isin(ids)]
    if len(twice):
        raise InputError(f"{path}, line {twice.index[0] + 2}: the image {twice.iloc[0]!r} is named twice")
    added = table.drop(columns=[column for column in table if column in cells]).set_axis(keys)
    return cells.join(added[~added.index.duplicated()].reindex(ids).set_axis(cells.index))
