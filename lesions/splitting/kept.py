"""An earlier split that a new one extends: old images stay where they were, and new ones are added."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from lesions.errors import InputError, quote_value
from lesions.formats.sha256 import check_hash
from lesions.images.files import strip_suffix
from lesions.splitting.naming import find_named
from lesions.splitting.parameters import SplitParameters
from lesions.tables.csv_table import read_text_table
from lesions.tables.splits import DROPPED, EXTERNAL, SCORED_SPLITS, SPLITS

RANKS = {split: rank for rank, split in enumerate(SPLITS)}
"""A group that has images of several splits goes to the one with the highest rank."""


def read_kept(parameters: SplitParameters) -> pd.Series:
    """Read the table `split.keep`: the split of each image, by its `image_id`; empty without such a table.

    Raises
    ------
    InputError
        If the file is missing, has another hash than `split.keep_sha256`, names no image or one twice, or has a value
        that is no split.
    """
    if parameters.keep is None:
        return pd.Series(dtype=str)
    path = Path(parameters.keep)
    check_hash(path, parameters.keep_sha256, parameter="split.keep_sha256")
    cells = read_text_table(path, ("image_id", "split")).cells
    cells = cells.assign(image_id=cells.image_id.str.strip().map(strip_suffix), split=cells.split.str.strip())
    if cells.empty:
        raise InputError(f"{path}: split.keep names no image")
    twice = cells[cells.image_id.duplicated()]
    if len(twice):
        raise InputError(f"{path}, line {twice.index[0]}: {quote_value(twice.image_id.iloc[0])} is named twice")
    known = (*SPLITS, EXTERNAL, DROPPED)
    unknown = cells[~cells.split.isin(known)]
    if len(unknown):
        raise InputError(
            f"{path}, line {unknown.index[0]}, column split: expected {', '.join(known)}, "
            f"got {quote_value(unknown.split.iloc[0])}"
        )
    return cells.set_index("image_id").split


def find_kept(
    metadata: pd.DataFrame, kept: pd.Series, source: str | None, *, find_folder: Callable[[str], str]
) -> pd.Series:
    """Return the earlier split (N,) of each image to train on; missing for an image that is new.

    With several datasets an `image_id` begins with the folder of its dataset, and with one it usually does not; an
    image is found by either, with its dataset's name before it, and by its file name if no other has it. An image
    that was only scored is new here.

    Parameters
    ----------
    metadata : (N, ...)
        With `image_id` and its dataset, `source`.
    kept
        As `read_kept` returns it.
    source
        The file, which errors name; None without one.
    find_folder
        Returns the folder of a dataset.

    Raises
    ------
    InputError
        If no image has an earlier split, if a name without its dataset could be of two images, or if two names are of
        one.
    """
    ids = metadata.image_id
    named, plain = _name_otherwise(metadata, find_folder)
    ambiguous = sorted(set(plain[plain.duplicated()]) & set(kept.index) - set(ids))
    if ambiguous:
        raise InputError(
            f"{source}: {quote_value(ambiguous[0])} could be of several datasets; write the name of its dataset and "
            "a slash before it"
        )
    names = kept.index.to_series()
    found = names.where(names.isin(ids))
    for other in (named, plain):
        found = found.where(found.notna(), names.map(dict(zip(other, ids, strict=True))))
    bare = find_named(names, ids)
    found = found.where(found.notna() | bare.isin(found), bare).dropna()
    twice = found[found.duplicated(keep=False)].sort_values()
    if len(twice):
        first, second = map(quote_value, twice.index[:2])
        raise InputError(f"{source}: {first} and {second} both name the image {quote_value(twice.iloc[0])}")
    earlier = ids.map(dict(zip(found, kept[found.index], strict=True)))
    if source is not None and earlier.isna().all():
        raise InputError(
            f"{source}: names {len(kept):,} images, and none of those to train on; is it another dataset's?"
        )
    return earlier.where(earlier != EXTERNAL)


def follow_kept(earlier: pd.Series, unit: pd.Series) -> pd.Series:
    """Return the split (N,) of each image whose group has a split already; missing for images of new groups.

    A group that the earlier split has on several sides, because an image that is new shows that they are one, goes to
    test, or else to val: what was tested is tested again. Its images of the other sides are dropped. An image that
    was dropped from such a group stays dropped, because it may have been trained on before.

    Parameters
    ----------
    earlier : (N,) text
        As `find_kept` returns it.
    unit : (N,) text
        The group of each image.
    """
    side = earlier.map(RANKS).groupby(unit).transform("max").map(dict(enumerate(SPLITS)))
    is_apart = earlier.isin(SPLITS) & (earlier != side)
    stays_dropped = (earlier == DROPPED) & side.isin(SCORED_SPLITS)
    return side.mask(is_apart | stays_dropped, DROPPED)


def count_kept(table: pd.DataFrame, kept: pd.Series) -> dict[str, object]:
    """Count what became of the images of the earlier split, and of the new ones.

    Parameters
    ----------
    table : (N, ...)
        With `earlier`, `group_id`, `split`, and `is_dropped`, which images are left out for another reason.
    kept
        As `read_kept` returns it.
    """
    stays = table[table.earlier.isin(SPLITS) & (table.split == table.earlier)]
    is_new = ~table.earlier.isin(SPLITS) & table.split.isin(SPLITS)
    is_apart = (table.split == DROPPED) & ~table.is_dropped
    old_groups = table.group_id[table.earlier.isin(SPLITS)]
    return {
        "num_images": _count(stays.split),
        "num_new": _count(table.split[is_new]),
        "num_new_of_old_groups": int((is_new & table.group_id.isin(old_groups)).sum()),
        "num_gone": {name: number - _count(table.earlier)[name] for name, number in _count(kept).items()},
        "num_apart_dropped": int((is_apart & table.earlier.isin(SPLITS)).sum()),
        "num_still_dropped": int((is_apart & (table.earlier == DROPPED)).sum()),
    }


def _name_otherwise(metadata: pd.DataFrame, find_folder: Callable[[str], str]) -> tuple[pd.Series, pd.Series]:
    """Return the `image_id` (N,) of each image with the name of its dataset before it, and with nothing before it."""
    folder = {source: f"{find_folder(source)}/" for source in metadata.source.unique()}
    starts = [
        folder[source] if image_id.startswith(folder[source]) else f"{source}/"
        for image_id, source in zip(metadata.image_id, metadata.source, strict=True)
    ]
    plain = pd.Series(map(str.removeprefix, metadata.image_id, starts), index=metadata.index, dtype=str)
    return metadata.source.astype(str) + "/" + plain, plain


def _count(split: pd.Series) -> dict[str, int]:
    return {name: int((split == name).sum()) for name in SPLITS}
