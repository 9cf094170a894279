"""The rows of a dataset, joined from its tables or listed from its folders, with every cell as it is in the file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from lesions.datasets.adapter import Adapter
from lesions.datasets.image_files import ImageFiles
from lesions.datasets.joined_tables import Tables, join_tables, list_table_notes, read_tables
from lesions.datasets.layout import Place, find_places, find_wrapper
from lesions.datasets.own_data import FOLDER
from lesions.datasets.published_split import PUBLISHED_SPLIT, read_published_split
from lesions.errors import InputError
from lesions.images.files import image_name, match_names, strip_suffix
from lesions.images.photographs import find_derived


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
    tables = read_tables([root / table for table in adapter.tables], adapter)
    derived = find_derived(images.file[images.passed_over.isna()]) if only_photographs else {}
    source = next(iter(tables), root)
    if adapter.classes_are_folders:
        rows = _list_rows(root, adapter, images, derived=derived, tables=tables)
    else:
        rows = _take_rows(source, adapter, images, derived=derived, cells=tables[source].cells)
    cells = join_tables(rows.cells, source, tables, adapter, to_image_id=rows.to_image_id)
    if adapter.split_rows:
        cells = cells.assign(**{PUBLISHED_SPLIT: read_published_split(root, adapter.split_rows, len(cells))})
    return replace(rows, cells=cells, notes=list_table_notes(tables))


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
    tables: Tables,
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
