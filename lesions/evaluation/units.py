"""One decision per lesion or per patient instead of one per image."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.unit_calls import call_units
from lesions.tables.predictions import Predictions

Flags = NDArray[np.bool_]

CONFIRMED = "histopathology"
"""The confirmation of a diagnosis that counts as the reference standard."""

Call = Callable[[Predictions], Predictions]
"""The rule by which images or lesions are called a class, from their probabilities."""


@dataclass(frozen=True)
class Units:
    """Images, lesions or patients: which classes they have, and which they are called.

    Attributes
    ----------
    is_true, is_called : (U, K) bool
        An image and a lesion have one class and are called one; a patient can have and be called several.
    group_id : (U,)
    num_conflicting
        Of lesions: how many were left out because their images have different true classes. Of patients: how many
        have several classes, and count for each.
    num_images_without
        The number of images left out: whose lesion or patient is not known, or that are not confirmed.
    """

    is_true: Flags
    is_called: Flags
    group_id: pd.Series
    num_conflicting: int
    num_images_without: int


def list_units(predictions: Predictions, call: Call) -> dict[str, Units]:
    """Return the images, those that histopathology confirms, the lesions and the patients, as far as there are any.

    Parameters
    ----------
    predictions
        Predictions of images, with their metadata.
    call
        The rule for lesions. Images are called by it already.
    """
    confirmed = (predictions.images.diagnosis_confirmation == CONFIRMED).to_numpy()
    units = {
        "image": _list_images(predictions, np.ones_like(confirmed)),
        "confirmed image": _list_images(predictions, confirmed),
        "lesion": _list_lesions(predictions, call),
        "patient": _list_patients(predictions, call),
    }
    return {unit: found for unit, found in units.items() if len(found.is_true)}


def average_units(predictions: Predictions, unit_id: pd.Series) -> tuple[Predictions, Flags]:
    """Return the mean of the probabilities of each unit's images, and whether (U,) its true classes differ.

    Each unit has the row of its first image, and is called as `call_units` says.

    Parameters
    ----------
    unit_id : (N,)
        The unit of each image, none of them missing.
    """
    codes, names = pd.factorize(unit_id)
    first = np.unique(codes, return_index=True)[1]
    sizes = np.bincount(codes, minlength=len(names))[:, None]
    probability = _sum(predictions.y_prob, codes, len(names)) / sizes
    by_another_rule = (predictions.y_pred != predictions.y_prob.argmax(axis=1)).any()
    votes = _sum(_mark(predictions.y_pred, predictions), codes, len(names)) if by_another_rule else None
    units = Predictions(
        predictions.images.iloc[first],
        predictions.classes,
        predictions.y_true[first],
        np.log(probability),
        call_units(probability, votes),
    )
    return units, (_sum(_mark(predictions.y_true, predictions), codes, len(names)) > 0).sum(axis=1) > 1


def _list_images(predictions: Predictions, chosen: Flags) -> Units:
    return _list_called(predictions.keep(chosen), num_conflicting=0, num_images_without=int((~chosen).sum()))


def _list_lesions(predictions: Predictions, call: Call) -> Units:
    """Call each lesion by the mean of its images' probabilities."""
    known = predictions.images.lesion_id.notna().to_numpy()
    named = predictions.keep(known)
    lesions, conflicting = average_units(named, named.images.lesion_id)
    return _list_called(
        call(lesions).keep(~conflicting),
        num_conflicting=int(conflicting.sum()),
        num_images_without=int((~known).sum()),
    )


def _list_called(called: Predictions, *, num_conflicting: int, num_images_without: int) -> Units:
    is_true, is_called = (_mark(labels, called) for labels in (called.y_true, called.y_pred))
    return Units(is_true, is_called, called.images.group_id, num_conflicting, num_images_without)


def _list_patients(predictions: Predictions, call: Call) -> Units:
    """Call each patient all that one of the lesions is called; an image whose lesion is not known is its own."""
    known = predictions.images.patient_id.notna().to_numpy()
    named = predictions.keep(known)
    lesion = named.images.lesion_id.fillna("image " + named.images.image_id)
    lesions, _ = average_units(
        named, named.images.patient_id.str.len().astype(str) + named.images.patient_id + lesion
    )
    called = call(lesions)
    codes, patients = pd.factorize(named.images.patient_id)
    by_lesion = pd.Index(patients).get_indexer(called.images.patient_id)
    is_true = _sum(_mark(named.y_true, named), codes, len(patients)) > 0
    is_called = _sum(_mark(called.y_pred, called), by_lesion, len(patients)) > 0
    first = np.unique(codes, return_index=True)[1]
    several = int((is_true.sum(axis=1) > 1).sum())
    return Units(is_true, is_called, named.images.group_id.iloc[first], several, int((~known).sum()))


def _mark(labels: NDArray[np.int64], predictions: Predictions) -> Flags:
    """Return labels (N,) as one flag per class, (N, K)."""
    return np.asarray(labels[:, None] == np.arange(len(predictions.classes)))


def _sum(values: NDArray[np.generic], codes: NDArray[np.intp], num_units: int) -> NDArray[np.float64]:
    """Sum the values (N, K) of each unit's images, (U, K)."""
    sums = np.zeros((num_units, values.shape[1]))
    np.add.at(sums, codes, values.astype(float))
    return sums
