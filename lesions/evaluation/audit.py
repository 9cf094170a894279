"""Join predictions with their dataset, whose other images may share a lesion or a patient with theirs.

Of a published test set, it is seldom known which of the other images a model was trained on. Its images are parted
into those whose patient or lesion has further images in the dataset, outside the test set, and the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.errors import InputError, quote_value
from lesions.images.files import image_name
from lesions.tables.foreign_predictions import ForeignPredictions
from lesions.tables.groups import GROUPING_IDENTIFIERS, build_groups
from lesions.tables.predictions import Predictions

LEAST_PROBABILITY = 1e-12
"""Smaller probabilities count as this much; the logarithm of 0 would make the log loss infinite."""


@dataclass(frozen=True)
class Audit:
    """Predictions joined with the dataset that their images are from.

    Attributes
    ----------
    predictions
        With the columns of the dataset's records in `images`.
    tied : (N,) bool
        Whether the image's group has images of the dataset that have no prediction.
    num_tied
        By identifier, the number of images whose own patient or lesion has such images.
    class_of
        The class of each word for a class.
    num_disagreeing
        The number of images that have another class in the file than in the dataset; that of the file counts.
    """

    predictions: Predictions
    tied: NDArray[np.bool_]
    num_tied: Mapping[str, int]
    class_of: Mapping[str, str]
    num_disagreeing: int


def audit_predictions(
    path: Path, foreign: ForeignPredictions, records: pd.DataFrame, class_of: Mapping[str, str]
) -> Audit:
    """Join predictions with the records of their dataset, by the names of the images.

    Parameters
    ----------
    path
        The table of predictions, for messages.
    records
        All images of the dataset: the fields of `Record`, and possibly `group_id`.
    class_of
        The diagnosis of each word for a class; those of words that it lacks are learnt from the true classes.

    Raises
    ------
    InputError
        If an image is not in the dataset, if two words stand for one class, or if no diagnosis is found for a word.
    """
    images, whole = _find_images(path, foreign, records)
    classes = name_classes(path, foreign, images.diagnosis, class_of)
    codes = {word: code for code, word in enumerate(foreign.words)}
    if foreign.truth is None:
        by_name = {classes[word]: code for word, code in codes.items()}
        y_true = _encode(path, foreign, images.diagnosis, by_name, "the diagnosis")
    else:
        y_true = _encode(path, foreign, foreign.truth, codes, "the true class")
    called = (
        None if foreign.predicted is None else _encode(path, foreign, foreign.predicted, codes, "the predicted class")
    )
    names = tuple(classes[word] for word in foreign.words)
    logits = np.log(np.maximum(foreign.y_prob, LEAST_PROBABILITY))
    ties = {name: find_ties(whole[name], images[name]) for name in (*GROUPING_IDENTIFIERS, "group_id")}
    return Audit(
        Predictions(images, names, y_true, logits, called),
        ties["group_id"],
        {name: int(ties[name].sum()) for name in GROUPING_IDENTIFIERS if records[name].notna().any()},
        classes,
        int((np.array(names)[y_true] != images.diagnosis).sum()),
    )


def _find_images(path: Path, foreign: ForeignPredictions, records: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the records of the images that have predictions, in their order, and all records, both with groups."""
    image_id = foreign.image.map(image_name)
    _refuse_first(path, foreign, ~image_id.isin(records.image_id).to_numpy(), image_id, "is not in the dataset")
    _refuse_first(path, foreign, image_id.duplicated().to_numpy(), image_id, "is there twice")
    whole = records
    if "group_id" not in records:
        whole = records.assign(group_id=build_groups(records, pd.DataFrame(columns=["image_id", "other_image_id"])))
    return whole.set_index("image_id", drop=False).loc[image_id].reset_index(drop=True).assign(split="test"), whole


def name_classes(
    path: Path, foreign: ForeignPredictions, diagnosis: pd.Series, class_of: Mapping[str, str]
) -> dict[str, str]:
    """Return the class of each word for a class.

    A word without one gets the diagnosis that most of the images have which the file calls by this word.

    Parameters
    ----------
    diagnosis : (N,)
        The diagnosis of each image in the dataset.
    """
    named = {word: class_of[word] for word in foreign.words if word in class_of}
    for word in foreign.words:
        if word not in named and foreign.truth is not None:
            among = diagnosis[(foreign.truth == word).to_numpy()]
            most = among.value_counts()
            if len(most) and 2 * most.iloc[0] > len(among):
                named[word] = str(most.index[0])
    unnamed = [word for word in foreign.words if word not in named]
    if unnamed:
        raise InputError(
            f"{path}: it is not known which diagnosis {quote_value(unnamed[0])} is; say it with "
            f"--class {unnamed[0]}=DIAGNOSIS"
        )
    for word, name in named.items():
        other = next(one for one in named if named[one] == name)
        if other != word:
            raise InputError(
                f"{path}: both {quote_value(other)} and {quote_value(word)} seem to be {name}; say what they are "
                "with --class"
            )
    return named


def find_ties(everywhere: pd.Series, here: pd.Series) -> NDArray[np.bool_]:
    """Return which images (N,) have an identifier that further images of the dataset have too.

    Parameters
    ----------
    everywhere
        The identifier of each image of the dataset; missing where none is known.
    here : (N,)
        That of the images with predictions, which are among them.
    """
    return (here.map(everywhere.value_counts()) > here.map(here.value_counts())).to_numpy()


def _encode(
    path: Path, foreign: ForeignPredictions, words: pd.Series, codes: Mapping[str, int], what: str
) -> NDArray[np.int64]:
    """Return the code of each word (N,)."""
    encoded = words.map(codes)
    _refuse_first(path, foreign, encoded.isna().to_numpy(), words, f"is {what}, and has no column of probabilities")
    return encoded.to_numpy().astype(np.int64)


def _refuse_first(
    path: Path, foreign: ForeignPredictions, wrong: NDArray[np.bool_], values: pd.Series, problem: str
) -> None:
    """Raise InputError for the first row of a mask (N,), if there is one."""
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{path}, line {foreign.line[first]}: {quote_value(values.iloc[first])} {problem} "
            f"({int(wrong.sum())} of {len(wrong)} rows)"
        )
