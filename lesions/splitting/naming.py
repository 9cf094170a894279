"""The images that a list or a table of other people's names, as nearly as they spell them."""

import pandas as pd

from lesions.images.files import image_name, match_names


def find_named(names: pd.Series, image_id: pd.Series) -> pd.Series:
    """Return the `image_id` that each name stands for; missing where there is none.

    A name is an `image_id`, or the file name of one image alone, without its folders and dataset. Blanks at its ends
    do not count.

    Parameters
    ----------
    names : (P,) text
        Without image suffixes (`strip_suffix`).
    image_id : (N,) text
    """
    whole = names.map(match_names(image_id, str))
    bare = names.map(match_names(image_id, image_name)).map(_name_without_folders(image_id))
    return whole.where(whole.isin(image_id), bare)


def _name_without_folders(image_id: pd.Series) -> dict[str, str]:
    """Return the `image_id` of each file name, without folders and datasets, that belongs to one image only."""
    bare = image_id.map(image_name)
    is_unique = ~bare.duplicated(keep=False)
    return dict(zip(bare[is_unique], image_id[is_unique], strict=True))
