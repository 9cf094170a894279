"""A published list of test images, such as a challenge's official test set."""

from pathlib import Path

import pandas as pd

from lesions.errors import InputError, quote_value
from lesions.formats.sha256 import check_hash
from lesions.images.files import strip_suffix
from lesions.splitting.naming import find_named
from lesions.splitting.parameters import PUBLISHED, SplitParameters
from lesions.tables.csv_table import read_text_table


def read_test_list(parameters: SplitParameters) -> pd.Series:
    """Read the first column of `split.test_list` as image ids; empty without a list.

    Returns
    -------
    (N,) text, with the column's header as its name and the lines of the file as its index

    Raises
    ------
    InputError
        If the file is missing, has another hash than `split.test_list_sha256`, names an image twice, or is empty.
    """
    if parameters.test_list in (None, PUBLISHED):
        return pd.Series(dtype=str)
    path = Path(parameters.test_list)
    check_hash(path, parameters.test_list_sha256, parameter="split.test_list_sha256")
    names = read_text_table(path, ()).cells.iloc[:, 0].str.strip().map(strip_suffix)
    if names.empty:
        raise InputError(f"{path}: split.test_list names no image")
    twice = names[names.duplicated()]
    if len(twice):
        raise InputError(f"{path}, line {twice.index[0]}: {quote_value(twice.iloc[0])} is named twice")
    return names


def find_listed(metadata: pd.DataFrame, names: pd.Series, source: str | None) -> pd.Series:
    """Return which images (N,) are test images by the list, or by the folders of the dataset.

    Raises
    ------
    InputError
        If the list names images that are missing, because scores on a part of a published test set cannot be compared
        with others; if it has no header; if no folder names test images.
    """
    image_id = metadata.image_id
    if source == PUBLISHED:
        is_test = metadata.published_split == "test"
        if not is_test.any():
            raise InputError(
                "split.test_list is published, but no image is in a folder Test/, which image_folder can have, or in "
                "a published test set, which derm7pt has"
            )
        return is_test
    header = str(names.name)
    named = find_named(pd.Series([strip_suffix(header)]), image_id)
    if source is not None and (strip_suffix(header) != header or named.notna().all()):
        raise InputError(f"{source}, line 1: the header is {header!r}, the name of an image; add a line above it")
    image_ids = find_named(names, image_id)
    missing = names[image_ids.isna()]
    if len(missing):
        raise InputError(
            f"{source}, line {missing.index[0]}: the metadata have no image {quote_value(missing.iloc[0])}, nor "
            f"{len(missing) - 1} others of the {len(names)} on the list; data/rejected.csv says which rows were "
            "refused. Remove from the list the images that you do not have"
        )
    return image_id.isin(image_ids)


def describe_unused_test_folders(metadata: pd.DataFrame) -> str:
    """Say that images in folders of test images are split anew, if there are any; for a split without a test list."""
    number = int((metadata.published_split == "test").sum())
    if not number:
        return ""
    return (
        f"{number:,} of {len(metadata):,} images are test images as published, and are split anew with the others; "
        "split.test_list: published tests on exactly these"
    )
