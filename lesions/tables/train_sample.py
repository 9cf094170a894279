"""The training images that are predicted besides the images that are scored."""

import numpy as np
import pandas as pd


def draw_train_sample(table: pd.DataFrame) -> pd.DataFrame:
    """Draw whole groups of training images at random, with about as many images as validation has.

    Parameters
    ----------
    table
        group_id and split of all images that were not dropped.
    """
    train = table[table.split == "train"]
    groups = np.random.default_rng(0).permutation(train.group_id.unique())
    sizes = train.group_id.value_counts()[groups].cumsum()
    wanted = sizes[sizes <= max((table.split == "val").sum(), sizes.iloc[0])].index
    return train[train.group_id.isin(wanted)]
