"""The images of the three splits, with their classes as numbers."""

from collections import Counter
from pathlib import Path

import pandas as pd

from lesions.tables.metadata import read_metadata
from lesions.tables.splits import SPLITS, join_splits, read_splits
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
    table = join_splits(read_metadata(metadata, ["image_id", "row", "diagnosis"]), read_splits(splits), splits)
    is_in_split = table.split.isin(SPLITS)
    others = Counter(table.split[~is_in_split])
    images = table[is_in_split].reset_index(drop=True)
    return images.assign(label=encode_diagnoses(images.diagnosis, diagnoses)), others
