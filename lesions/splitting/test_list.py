"""A published list of test images, such as a challenge's official test set."""

from pathlib import Path

import pandas as pd

from lesions.errors import InputError
from lesions.formats.sha256 import check_hash
from lesions.formats.table import read_text_table
from lesions.images.files import image_name, strip_suffix
from lesions.splitting.parameters import PUBLISHED, SplitParameters


def read_test_list(parameters: SplitParameters) -> pd.Series:
    """Read the names in the first column of `split.test_list`, as image ids; without a list there are none.

    Returns
    -------
    (N,) text, named by the column

    Raises
    ------
    InputError
        If the file is missing, is not the one whose hash stands beside it, or names an image twice or none at all.
    """
    if parameters.test_list in (None, PUBLISHED):
        return pd.Series(dtype=str)
    path = Path(parameters.test_list)
    check_hash(path, parameters.test_list_sha256, parameter="split.test_list_sha256")
    names = read_text_table(path, ()).iloc[:, 0].map(strip_suffix)
    if names.empty:
        raise InputError(f"{path}: split.test_list names no image")
    twice = names[names.duplicated()]
    if len(twice):
        raise InputError(f"{path}, line {twice.index[0] + 2}: {twice.iloc[0]!r} is named twice")
    return names


def find_listed(metadata: pd.DataFrame, names: pd.Series, source: str | None) -> pd.Series:
    """Return which images (N,) the list, or the folders of the dataset, name for the test, as truth values.

    Raises
    ------
    InputError
        If it names images that there are not: figures of a part of a published test set cannot be compared. If it
        has no header.
    """
    image_id = metadata.image_id
    if source == PUBLISHED:
        is_test = metadata.published_split == "test"
        if not is_test.any():
            raise InputError(
                "split.test_list is published, but no image lies in a folder Test/; only image_folder has such"
            )
        return is_test
    header = str(names.name)
    if source is not None and (strip_suffix(header) != header or header in set(image_id)):
        raise InputError(f"{source}, line 1: the header is {header!r}, the name of an image; put a header above it")
    found = names.where(names.isin(image_id), names.map(image_name).map(_name_without_folders(image_id)))
    missing = names[found.isna()]
    if len(missing):
        raise InputError(
            f"{source}, line {missing.index[0] + 2}: the metadata have no image {missing.iloc[0]!r}, nor "
            f"{len(missing) - 1} others of the {len(names)} on the list; data/rejected.csv says which rows were "
            "refused. Take off the list what you do without"
        )
    return image_id.isin(found)


def _name_without_folders(image_id: pd.Series) -> dict[str, str]:
    """Return the image of each name that is one image's alone, folders and datasets left aside."""
    bare = image_id.map(image_name)
    is_its_own = ~bare.duplicated(keep=False)
    return dict(zip(bare[is_its_own], image_id[is_its_own], strict=True))
