"""The images of the three splits, with their classes as numbers."""

from collections import Counter
from pathlib import Path

import pandas as pd

from lesions.tables.splits import SPLITS, read_all_metadata
from lesions.tables.task import Diagnoses, encode_diagnoses


def read_labelled_images(metadata: Path, splits: Path, diagnoses: Diagnoses) -> tuple[pd.DataFrame, Counter[str]]:
    """Read the images of train, val and test, and count all others by their split.

    Parameters
    ----------
    diagnoses
        Those of each class.

    Returns
    -------
    images : (N, ...) table
        With `image_id`, `row`, `diagnosis`, `group_id`, `split`, and `label`, the class as a number.
    others
        The numbers of images that are dropped or of other datasets.
    """
    table = read_all_metadata(metadata, splits, ["image_id", "row", "diagnosis"])
    is_in_split = table.split.isin(SPLITS)
    others = Counter(table.split[~is_in_split])
    images = table[is_in_split].reset_index(drop=True)
    return images.assign(label=encode_diagnoses(images.diagnosis, diagnoses)), others
