"""Bringing the logits of an ensemble's members to the same images in the same order."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.errors import InputError, cut_value
from lesions.tables.classes import Classes
from lesions.tables.predictions import Predictions
from lesions.tables.task import encode_diagnoses


def _have_logits(table: Predictions, images: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which images a member has logits of, and if they are training images here, also learnt from."""
    learnt = table.images.image_id[table.images.split == "train"]
    is_train = images.split == "train"
    return np.where(is_train, images.image_id.isin(learnt), images.image_id.isin(table.images.image_id))


def align_members(tables: Mapping[str, Predictions], images: pd.DataFrame, known: Classes) -> dict[str, Predictions]:
    """Return each member's logits for all images that the run scores, and the training images that all learnt from.

    Parameters
    ----------
    tables
        The raw logits, by member.
    images
        The images of the run that were not dropped: image_id, group_id, split, diagnosis.
    known
        The classes of the run.

    Raises
    ------
    InputError
        If a member has other classes, lacks a scored image, or was trained for another diagnosis of one; or if there
        is no training image that all members have.
    """
    for name, table in tables.items():
        if table.classes != known.classes:
            raise InputError(
                f"{name}: has the classes {', '.join(table.classes):.80}, and this run {', '.join(known.classes):.80}"
            )
        lacking = images[(images.split != "train") & ~images.image_id.isin(table.images.image_id)]
        if len(lacking):
            raise InputError(
                f"{name}: has no logits of {len(lacking):,} images of {', '.join(sorted({*lacking.split}))}, such as "
                f"{cut_value(lacking.image_id.iloc[0])}; it must have been run on the same data"
            )
    in_all = np.logical_and.reduce([_have_logits(table, images) for table in tables.values()])
    chosen = images[in_all].reset_index(drop=True)
    if not (chosen.split == "train").any():
        raise InputError(
            f"{', '.join(tables)}: have logits of no training image that all of them learnt from, and these tell how "
            "the ensemble generalises; use members of the same split"
        )
    y_true = encode_diagnoses(chosen.diagnosis, known.diagnoses)
    aligned = {}
    for name, table in tables.items():
        rows = pd.Index(table.images.image_id).get_indexer(chosen.image_id)
        other = np.flatnonzero(table.y_true[rows] != y_true)
        if len(other):
            first = other[0]
            raise InputError(
                f"{name}: {len(other):,} images have another diagnosis here, such as "
                f"{cut_value(chosen.image_id.iloc[first])}: {known.classes[table.y_true[rows[first]]]} there, "
                f"{known.classes[y_true[first]]} here"
            )
        aligned[name] = Predictions(chosen, table.classes, y_true, table.logits[rows])
    return aligned
