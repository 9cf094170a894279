"""The rows of a dataset, joined from its tables or listed from its folders, with every cell as it is in the file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from lesions.datasets.adapter import Adapter
from lesions.datasets.hierarchy import Hierarchy
from lesions.datasets.image_files import ImageFiles
from lesions.datasets.layout import Place, find_places, find_wrapper
from lesions.datasets.own_data import FOLDER
from lesions.datasets.published_split import PUBLISHED_SPLIT, read_published_split
from lesions.errors import InputError, quote_value
from lesions.formats.header import check_columns, list_names
from lesions.images.files import image_name, match_names, strip_suffix
from lesions.images.photographs import find_derived
from lesions.tables.csv_table import TextTable, read_text_table


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
    images
        The image files.
    wrapper
        The folder that holds all images and was stepped over, where folders are diagnoses; else empty.
    notes
        What was guessed in the tables and what was passed over, in words.
    """

    source: Path
    cells: pd.DataFrame
    to_image_id: Callable[[str], str]
    images: ImageFiles
    wrapper: str = ""
    notes: Sequence[str] = ()


def read_rows(root: Path, adapter: Adapter, images: pd.DataFrame, *, only_photographs: bool) -> Rows:
    """Read all rows of a dataset, and find the image files that they may name.

    Parameters
    ----------
    root
        The dataset's folder.
    images
        The index of its image files; `file` is relative to its folder.
    only_photographs
        Whether masks, thumbnails and the like are passed over, unless a table names them.

    Raises
    ------
    InputError
        If a table is missing, has no rows or lacks a column, if two tables have the same column, or if a joined table
        names an image twice.
    """
    keys = {root / table: adapter.joined_by.get(table) for table in adapter.tables}
    tables = {path: read_adapter_table(path, adapter, key=key) for path, key in keys.items()}
    derived = find_derived(images.file[images.passed_over.isna()]) if only_photographs else {}
    if adapter.classes_are_folders:
        joined = list(tables)
        rows = _list_rows(root, adapter, images, derived=derived, tables=tables)
    else:
        source, *joined = tables
        rows = _take_rows(source, adapter, images, derived=derived, cells=tables[source].cells)
    cells = rows.cells
    for path in joined:
        table = tables[path].cells
        cells = join_table(cells, path, table, adapter.id_column, to_image_id=rows.to_image_id, key=keys[path])
    first, names = next(iter(tables), root), [name for table in tables.values() for name in table.names]
    needed, named_by = adapter.needed_columns, adapter.column_parameters
    check_columns(first, list(map(str, cells)), needed, names=names, named_by=named_by)
    cells = complete_hierarchies(first, cells, adapter, names=names)
    if adapter.split_rows:
        cells = cells.assign(**{PUBLISHED_SPLIT: read_published_split(root, adapter.split_rows, len(cells))})
    notes = [f"{path.name}: {note}" for path, table in tables.items() for note in table.notes]
    return replace(rows, cells=cells, notes=notes)


def read_adapter_table(path: Path, adapter: Adapter, *, key: str | None = None) -> TextTable:
    """Read one table of a dataset: the column by which it is joined, and all others of the adapter that are there.

    Parameters
    ----------
    key
        That column, if it is not the one that names the image.
    """
    by = key or adapter.id_column
    wanted = [name for name in adapter.read_columns if name != by]
    return read_text_table(path, [by], optional=wanted, named_by=adapter.column_parameters)


def complete_hierarchies(path: Path, cells: pd.DataFrame, adapter: Adapter, *, names: Sequence[str]) -> pd.DataFrame:
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


def _take_rows(
    source: Path, adapter: Adapter, images: pd.DataFrame, *, derived: Mapping[str, str], cells: pd.DataFrame
) -> Rows:
    """Take the rows of the first table, which name the images."""
    if cells.empty:
        raise InputError(f"{source}: the table has no rows")
    to_image_id = match_names(images.file, choose_naming(cells[adapter.id_column]))
    cells = cells.assign(**{adapter.id_column: cells[adapter.id_column].map(to_image_id)})
    wanted = set(cells[adapter.id_column])
    return Rows(source, cells, to_image_id, ImageFiles(images, to_image_id, derived=derived, wanted=wanted))


def _list_rows(
    root: Path,
    adapter: Adapter,
    images: pd.DataFrame,
    *,
    derived: Mapping[str, str],
    tables: Mapping[Path, TextTable],
) -> Rows:
    """List the images in folders of diagnoses, one row each; a table beside them may name what is wanted."""
    named = {
        name
        for table in tables.values()
        for cell in table.cells[adapter.id_column]
        for name in (strip_suffix(cell), image_name(cell))
    }
    derived = {file: rule for file, rule in derived.items() if not {strip_suffix(file), image_name(file)} & named}
    shown = [file for file in images.file[images.passed_over.isna()] if file not in derived]
    wrapper = find_wrapper(shown, _recognise_diagnosis(adapter))
    above = f"{wrapper}/" if wrapper else ""
    to_image_id = match_names(images.file, lambda file: strip_suffix(file).removeprefix(strip_suffix(above)))
    places = find_places(list(images.file), above)
    # The same image under two diagnoses, or in two splits, is told as a copy later.
    selected = ImageFiles(
        images, to_image_id, derived=derived, wanted=(), to_repeated=lambda file: (places[file], image_name(file))
    )
    cells = list_folders(selected.files, places, adapter.id_column)
    if cells.empty:
        raise InputError(f"{root}: no image lies in a folder that could be named after a diagnosis")
    cells[adapter.id_column] = cells[adapter.id_column].map(to_image_id)
    return Rows(root, cells, to_image_id, selected, wrapper)


def _recognise_diagnosis(adapter: Adapter) -> Callable[[str], bool]:
    """Return the function that says whether a folder's name is a known diagnosis."""
    column = adapter.columns["diagnosis"]

    def is_diagnosis(folder: str) -> bool:
        try:
            return column.read({FOLDER: folder}) is not None
        except ValueError:
            return False

    return is_diagnosis


def choose_naming(files: pd.Series) -> Callable[[str], str]:
    """Return the function that makes an `image_id` of a path: with folders only if file names alone are not unique.

    Parameters
    ----------
    files : (N,) text
        The cells that name the images.
    """
    return strip_suffix if files.map(strip_suffix).nunique() > files.map(image_name).nunique() else image_name


def list_folders(files: Sequence[str], places: Mapping[str, Place], id_column: str) -> pd.DataFrame:
    """Return one row per file, with the folder that is its diagnosis; files outside such folders are skipped."""
    rows = [
        {id_column: file, FOLDER: places[file].diagnosis, PUBLISHED_SPLIT: places[file].split}
        for file in files
        if places[file].diagnosis is not None
    ]
    cells = pd.DataFrame(rows, columns=[id_column, FOLDER, PUBLISHED_SPLIT], dtype=str)
    cells.index += 1
    return cells


def join_table(
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
